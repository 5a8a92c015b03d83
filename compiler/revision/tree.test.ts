import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { load } from "../load/index.ts";
import { committed, config, found, refused, repository, temporary, threeCommits, treeOf } from "./fixture.ts";
import { meshAtRevision } from "./index.ts";

const hostile = (name: string | Buffer, mode = "100644") => {
  const made = repository();
  const [file, target] = [made.object("blob", config), made.object("blob", "evil")];
  const inner = treeOf(made, [["100644", "hooks", target]]);
  const id = mode === "40000" ? inner : target;
  return {
    made,
    commit: committed(
      made,
      treeOf(made, [
        ["100644", "mesh.config.ts", file],
        [mode, name, id],
      ]),
    ),
  };
};

describe("a name that is none for a file is refused before anything is written", () => {
  const names: readonly (string | Buffer)[] = [
    "..",
    ".",
    "",
    "../evil",
    "a/b",
    "/etc",
    "a\\b",
    "..\\evil",
    ".git",
    ".GIT",
    ".git ",
    ".git.",
    ".git::$INDEX_ALLOCATION",
    "git~1",
    "GIT~2",
    ".g\u200cit",
    Buffer.from([0x61, 0xff, 0xfe]),
  ];
  test.each(
    names.flatMap(
      (name) =>
        [
          [name, "100644"],
          [name, "40000"],
          [name, "120000"],
        ] as const,
    ),
  )("%j (%s)", async (name, mode) => {
    const { made, commit } = hostile(name, mode);
    expect((await refused(made.folder, commit)).code).toBe("MESH0209");
  });

  test("also in a folder of the mesh", async () => {
    const made = repository();
    const file = made.object("blob", config);
    const inner = treeOf(made, [["100644", "..", file]]);
    const tree = treeOf(made, [
      ["100644", "mesh.config.ts", file],
      ["40000", "shop", inner],
    ]);
    expect((await refused(made.folder, committed(made, tree))).message).toContain('"shop/.."');
  });
});

test("two names that are one to the file system are refused, be they files, folders or links", async () => {
  for (const [first, second] of [
    ["100644", "100644"],
    ["40000", "40000"],
    ["120000", "100644"],
    ["120000", "40000"],
  ] as const) {
    const made = repository();
    const [file, target] = [made.object("blob", config), made.object("blob", "/tmp")];
    const inner = treeOf(made, [["100644", "x", target]]);
    const id = (mode: string): string => (mode === "40000" ? inner : target);
    const tree = treeOf(made, [
      ["100644", "mesh.config.ts", file],
      [first, "same", id(first)],
      [second, "same", id(second)],
    ]);
    expect((await refused(made.folder, committed(made, tree))).code).toBe("MESH0209");
  }
});

test("trees that are none, and modes that nobody knows", async () => {
  const made = repository();
  const file = made.object("blob", config);
  for (const tree of [
    made.object("tree", "100644 a"),
    made.object("tree", "garbage"),
    treeOf(made, [["170000", "a", file]]),
    treeOf(made, [["40000", "a", file]]),
  ])
    expect((await refused(made.folder, committed(made, tree))).code).toBe("MESH0208");
});

test("more names than any mesh has, and longer ones, end the reading", async () => {
  const made = repository();
  const file = made.object("blob", "x");
  let tree = treeOf(
    made,
    Array.from({ length: 10 }, (_, n) => ["100644", `f${n}`, file] as const),
  );
  for (let depth = 0; depth < 12; depth += 1)
    tree = treeOf(
      made,
      Array.from({ length: 10 }, (_, n) => ["40000", `d${n}`, tree] as const),
    );
  expect((await refused(made.folder, committed(made, tree))).message).toContain("more than 200000 files");
  let deep = treeOf(made, [["100644", "f", file]]);
  for (let depth = 0; depth < 20; depth += 1) deep = treeOf(made, [["40000", "d".repeat(250), deep]]);
  expect((await refused(made.folder, committed(made, deep))).message).toContain("a path of more than 3072 characters");
});

test("more bytes than any mesh has are not written, wherever they come from", async () => {
  const { mesh, git } = threeCommits();
  const refusedWith = async (bytes: number): Promise<readonly string[]> => {
    const { value, diagnostics } = await meshAtRevision(mesh, "HEAD", { files: 10, bytes });
    await value?.remove();
    return diagnostics.map(({ message }) => message);
  };
  const size =
    Number(git("cat-file", "-s", "HEAD:mesh/a.ts")) + Number(git("cat-file", "-s", "HEAD:mesh/mesh.config.ts"));
  expect(await refusedWith(size)).toEqual([]);
  expect(await refusedWith(size - 1)).toEqual([expect.stringMatching(/MiB of files$/)]);
  git("checkout", "--quiet", "HEAD~1");
  expect(await refusedWith(size - 1)).toEqual([expect.stringMatching(/MiB of files$/)]);
});

describe("symbolic links", () => {
  const linked = async (links: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) => {
    const made = repository();
    made.write({
      "mesh/mesh.config.ts": config,
      "mesh/shop/a.ts": "export default 1;\n",
      "outside.ts": "export default 2;\n",
      ...files,
    });
    for (const [path, target] of Object.entries(links))
      made.shell(
        `mkdir -p "$(dirname "$1")"; ln -s "$2" "$1"`
          .replace("$1", `mesh/${path}`)
          .replace('"$1"', `"mesh/${path}"`)
          .replace("$2", target),
      );
    made.commit({});
    const { folder } = await found(join(made.folder, "mesh"), "HEAD");
    return { folder, target: (path: string) => readlinkSync(join(folder, path)) };
  };

  test("that stay inside are written as the commit has them", async () => {
    const links = {
      "b.ts": "shop/a.ts",
      "shop/c.ts": "../shop/./a.ts",
      d: "shop",
      "shop/e": "../d/../mesh.config.ts",
      "gone.ts": "shop/none.ts",
    };
    const { folder, target } = await linked(links);
    for (const [path, to] of Object.entries(links)) expect(target(path)).toBe(to);
    expect(readFileSync(join(folder, "b.ts"), "utf8")).toBe("export default 1;\n");
  });

  test.each([
    ["../outside.ts"],
    ["/etc/passwd"],
    ["shop/../../outside.ts"],
    ["up/../outside.ts"],
    ["../mesh/shop/a.ts"],
  ])("that lead out (%s) become what the loader refuses, and reach nothing", async (to) => {
    const { folder, target } = await linked({ "b.ts": to, "deep/er/x": "../../shop", up: "deep/er/x/.." });
    expect(resolve(folder, target("b.ts"))).toBe(join(dirname(folder), "outside"));
    expect(readdirSync(join(folder, "b.ts"))).toEqual([]);
    const { diagnostics } = await load(folder, { types: false });
    expect(diagnostics.map(({ code }) => code)).toContain("MESH0006");
  });

  test("that go round in circles are written and reach nothing", async () => {
    const { folder } = await linked({ "x.ts": "y.ts", "y.ts": "x.ts" });
    expect(existsSync(join(folder, "x.ts"))).toBe(false);
  });
});

test("what is no part of a mesh is not written, and nobody else can read the rest", async () => {
  const made = repository();
  made.commit({
    "mesh.config.ts": config,
    "out/x.yaml": "x",
    "node_modules/a/index.js": "x",
    "shop/out/x.ts": "export default 1;\n",
    "shop/node_modules/b.js": "x",
    "graph/snapshot.json": "{}",
    ".hidden": "x",
    "docs/a.md": "x",
  });
  made.shell("chmod 755 docs/a.md");
  made.commit({});
  const { folder } = await found(made.folder, "HEAD");
  const all = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  expect(all).toEqual([
    ".hidden",
    "docs",
    "docs/a.md",
    "graph",
    "graph/snapshot.json",
    "mesh.config.ts",
    "shop",
    "shop/out",
    "shop/out/x.ts",
  ]);
  for (const name of all) {
    const found_ = lstatSync(join(folder, name));
    expect(found_.mode & 0o777).toBe(found_.isDirectory() ? 0o700 : 0o600);
  }
  expect(lstatSync(dirname(folder)).mode & 0o777).toBe(0o700);
});

test("what the work tree has is what the commit had, or is not taken from there", async () => {
  const { mesh, write, shell } = threeCommits();
  // Line ends and links make a file another one; each is read as it was committed.
  write({ "mesh/a.ts": "export default 3;\r\n", "elsewhere.ts": "export default 3;\n" });
  expect(readFileSync(join((await found(mesh, "HEAD")).folder, "a.ts"), "utf8")).toBe("export default 3;\n");
  shell("rm mesh/a.ts && mkfifo mesh/a.ts");
  expect(readFileSync(join((await found(mesh, "HEAD")).folder, "a.ts"), "utf8")).toBe("export default 3;\n");
  shell("rm mesh/a.ts && ln -s ../elsewhere.ts mesh/a.ts");
  const { folder } = await found(mesh, "HEAD");
  expect(lstatSync(join(folder, "a.ts")).isFile()).toBe(true);
});

const temporaries = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("meshwright-base-"));

describe("temporary folders", () => {
  const before = process.env["TMPDIR"];
  afterEach(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });

  test("are taken away by `remove`, by a refusal, and by the next run when one was killed", async () => {
    const { mesh, folder } = threeCommits();
    process.env["TMPDIR"] = temporary();
    const { value } = await meshAtRevision(mesh, "HEAD~1");
    expect(temporaries()).toHaveLength(1);
    await value!.remove();
    await value!.remove();
    await refused(mesh, "nothing");
    const { made, commit } = hostile("same.ts", "120000");
    await (await found(made.folder, commit)).remove();
    expect(temporaries()).toEqual([]);
    const [old, young] = ["meshwright-base-killed", "meshwright-base-working"].map((name) => join(tmpdir(), name));
    mkdirSync(join(old!, "mesh"), { recursive: true });
    mkdirSync(young!);
    utimesSync(old!, new Date(0), new Date(0));
    const next = await found(join(folder, "mesh"), "HEAD");
    await expect.poll(() => existsSync(old!)).toBe(false);
    expect([existsSync(young!), existsSync(next.folder)]).toEqual([true, true]);
  });

  test("are not made in the work tree, nor where there is no place for them", async () => {
    const { mesh, folder } = threeCommits();
    process.env["TMPDIR"] = folder;
    expect((await refused(mesh, "HEAD")).message).toContain("it is part of the work tree");
    process.env["TMPDIR"] = join(temporary(), "none");
    expect((await refused(mesh, "HEAD")).code).toBe("MESH0212");
  });
});
