import { utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { config, repository, temporary, threeCommits } from "./fixture.ts";
import { workTreeState } from "./index.ts";

const uncommitted = async (mesh: string): Promise<readonly string[] | undefined> =>
  (await workTreeState(mesh))?.uncommitted;

test("a clean mesh has nothing that is not committed", async () => {
  const { mesh, ids } = threeCommits();
  expect(await workTreeState(mesh)).toEqual({ head: ids[2], uncommitted: [] });
});

test("changed, removed, staged and new modules are told, and whatever else is tracked", async () => {
  const { mesh, write, git, shell, commit } = threeCommits();
  commit({ "mesh/shop/b.ts": "b", "mesh/notes.md": "n", "mesh/gone.ts": "g", "mesh/graph/snapshot.json": "{}" });
  write({
    "mesh/shop/b.ts": "c",
    "mesh/notes.md": "m",
    "mesh/graph/snapshot.json": "{ }",
    "mesh/new/n.ts": "n",
    "mesh/staged.txt": "s",
    "mesh/graph/platform.json": "{}",
    "mesh/untracked.txt": "u",
    "mesh/x.test.ts": "t",
    "mesh/.hidden.ts": "h",
    "mesh/out/o.ts": "o",
    "mesh/node_modules/m/m.ts": "m",
    "README.md": "elsewhere",
  });
  git("add", "mesh/staged.txt");
  shell("rm mesh/gone.ts");
  expect(await uncommitted(mesh)).toEqual([
    "gone.ts",
    "graph/platform.json",
    "graph/snapshot.json",
    "new/n.ts",
    "notes.md",
    "shop/b.ts",
    "staged.txt",
  ]);
});

test("what is staged is not committed", async () => {
  const { mesh, write, git } = threeCommits();
  write({ "mesh/a.ts": "export default 4;\n" });
  git("add", "mesh/a.ts");
  expect(await uncommitted(mesh)).toEqual(["a.ts"]);
});

test("an ignored module counts: the compiler reads it all the same", async () => {
  const { mesh, commit, write } = threeCommits();
  commit({ ".gitignore": "secret.ts\n" });
  write({ "mesh/secret.ts": "export default 1;\n" });
  expect(await uncommitted(mesh)).toEqual(["secret.ts"]);
});

test("a touched file is the same file, and so is one whose line ends alone differ", async () => {
  const { mesh, write } = threeCommits();
  utimesSync(join(mesh, "a.ts"), new Date(0), new Date(0));
  expect(await uncommitted(mesh)).toEqual([]);
  write({ "mesh/a.ts": "export default 3;\r\n" });
  expect(await uncommitted(mesh)).toEqual([]);
});

test("a file that was changed to the same size in the moment of its commit is seen", async () => {
  const { mesh, write } = threeCommits();
  for (let n = 4; n < 9; n += 1) {
    write({ "mesh/a.ts": `export default ${n};\n` });
    expect(await uncommitted(mesh)).toEqual(["a.ts"]);
  }
});

describe("an index that cannot be read changes nothing", () => {
  test.each([["--index-version", "4"], ["--split-index"]])("%s %s", async (...options) => {
    const { mesh, write, git } = threeCommits();
    git("update-index", ...options.filter((each) => each !== undefined));
    expect(await uncommitted(mesh)).toEqual([]);
    write({ "mesh/a.ts": "x" });
    expect(await uncommitted(mesh)).toEqual(["a.ts"]);
  });
});

test("filters make what lies there another file, and the index knows", async () => {
  const { mesh, git, commit, shell } = threeCommits();
  git("config", "filter.rot.clean", "tr a-z n-za-m");
  git("config", "filter.rot.smudge", "tr a-z n-za-m");
  commit({ ".gitattributes": "*.ts filter=rot\n", "mesh/filtered.ts": "abc\n" });
  // A moment later the index is younger than the file, as it is after a checkout.
  shell("sleep 0.05; touch .git/index; git update-index --refresh; touch mesh/b.txt; git add mesh/b.txt; git reset -q");
  expect(git("show", "HEAD:mesh/filtered.ts")).toBe("nop");
  expect(await uncommitted(mesh)).not.toContain("filtered.ts");
});

test("before the first commit, and before the first one with the mesh, everything is new", async () => {
  const { folder, write, commit } = repository();
  write({ "mesh/mesh.config.ts": config, "mesh/a.ts": "x" });
  expect(await workTreeState(join(folder, "mesh"))).toEqual({
    head: undefined,
    uncommitted: ["a.ts", "mesh.config.ts"],
  });
  const { folder: later, ...made } = repository();
  const head = made.commit({ "README.md": "x" });
  made.write({ "mesh/mesh.config.ts": config });
  expect(await workTreeState(join(later, "mesh"))).toEqual({ head, uncommitted: ["mesh.config.ts"] });
  expect(commit({})).toHaveLength(40);
});

test("outside of any repository there is no answer", async () => {
  expect(await workTreeState(temporary())).toBeUndefined();
});
