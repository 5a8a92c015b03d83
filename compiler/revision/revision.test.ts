import { describe, expect, test } from "vitest";
import { found, refused, repository, temporary, textAt, threeCommits } from "./fixture.ts";

test("finds what a revision names as Git does", async () => {
  const { mesh, git, ids } = threeCommits();
  git("branch", "topic/one", "HEAD~1");
  git("tag", "light", "HEAD~2");
  git("tag", "--annotate", "heavy", "--message", "m", "HEAD~2");
  git("tag", "--annotate", "heavier", "--message", "m", "heavy");
  git("update-ref", "refs/remotes/origin/main", "HEAD~1");
  git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
  const written = [
    ...["HEAD", "@", "main", "heads/main", "refs/heads/main", "HEAD~0", "HEAD^0", "main^{commit}", "main^{}"],
    ...["HEAD~1", "HEAD^", "@~", "main~1", "topic/one", "origin/main", "origin", "heads/main^"],
    ...["HEAD~2", "HEAD^^", "HEAD~1^", "@^~1", "light", "tags/light", "heavy", "heavier", "heavy^{commit}", "heavy^{}"],
    ...ids.flatMap((id) => [id, id.slice(0, 7), id.toUpperCase(), `${id.slice(0, 12)}^0`]),
  ];
  for (const revision of written) {
    const { commit, named, prefix } = await found(mesh, revision);
    expect({ commit, named, prefix }).toEqual({
      commit: git("rev-parse", `${revision.replace(/^[0-9A-F]{40}$/, (id) => id.toLowerCase())}^{commit}`),
      named: revision,
      prefix: "mesh",
    });
  }
  expect(await textAt(mesh, "HEAD~2")).toBe("export default 1;\n");
});

test("finds the same with refs and objects packed, and with a detached HEAD", async () => {
  const { mesh, git, ids } = threeCommits();
  git("tag", "--annotate", "heavy", "--message", "m", "HEAD~2");
  git("gc", "--quiet", "--aggressive", "--prune=now");
  git("pack-refs", "--all");
  git("checkout", "--quiet", "--detach", "HEAD~1");
  for (const revision of ["heavy", "main~2", ids[0]!, ids[0]!.slice(0, 8), "HEAD^"])
    expect(await textAt(mesh, revision)).toBe("export default 1;\n");
  expect((await found(mesh, "HEAD")).commit).toBe(ids[1]);
});

test("takes the nth parent of a merge", async () => {
  const { mesh, git, commit, ids } = threeCommits();
  git("checkout", "--quiet", "-b", "side", "HEAD~1");
  const side = commit({ "side.txt": "x" });
  git("checkout", "--quiet", "main");
  git("merge", "--quiet", "--no-edit", "side");
  expect((await found(mesh, "HEAD^1")).commit).toBe(ids[2]);
  expect((await found(mesh, "HEAD^2")).commit).toBe(side);
  expect((await found(mesh, "HEAD^2~1")).commit).toBe(ids[1]);
  expect((await refused(mesh, "HEAD^3")).message).toMatch(/: the commit [0-9a-f]{10} has 2 parents$/);
});

test("a branch called like an abbreviated id is the branch", async () => {
  const { mesh, git, ids } = threeCommits();
  git("branch", ids[0]!.slice(0, 7), "HEAD");
  expect((await found(mesh, ids[0]!.slice(0, 7))).commit).toBe(ids[2]);
});

describe("what does not name one commit is refused with its reason", () => {
  test.each([
    ["", "it is empty"],
    ["--all", "begins like an option"],
    ["main..HEAD", "names a range"],
    ["A...B", "`git merge-base A B` prints"],
    ["^main", "names a range"],
    ["@{upstream}", "remembers"],
    ["main@{1}", "remembers"],
    [":/text", "searches for a message"],
    ["main^{/text}", "searches for a message"],
    ["main:mesh", "names a file"],
    ["main^{tree}", "no way to an ancestor"],
    ["main~1x", "no way to an ancestor"],
    ["main~9999999999", "no way to an ancestor"],
    ["~1", "names no commit to start from"],
    ["a b", "a character that is in no name"],
  ])("%j: %s", async (revision, why) => {
    const { mesh } = threeCommits();
    const { code, message } = await refused(mesh, revision);
    expect([code, message]).toEqual(["MESH0201", expect.stringContaining(why)]);
  });
});

test("a misspelt name comes with the one that is there", async () => {
  const { mesh, git } = threeCommits();
  git("update-ref", "refs/remotes/origin/main", "HEAD");
  const { code, message, fix } = await refused(mesh, "orign/main~1");
  expect([code, message, fix]).toEqual([
    "MESH0202",
    "there is no revision `orign/main~1`; did you mean `origin/main`?",
    "write `origin/main`",
  ]);
});

describe("there is no such revision", () => {
  test.each([
    ["nothing-like-it", undefined],
    ["0123456789012345678901234567890123456789", "no commit of this clone has that id"],
    ["0123456", undefined],
    ["HEAD~3", "has no parent"],
    ["HEAD^2", "has 1 parent"],
    ["../../etc/passwd", undefined],
    ["config", undefined],
    ["logs/HEAD", undefined],
    ["heads", undefined],
    ["index", undefined],
  ])("%s", async (revision, why) => {
    const { code, message } = await refused(threeCommits().mesh, revision);
    // A range is what `..` is taken for before anything is looked up.
    expect(code).toBe(revision.includes("..") ? "MESH0201" : "MESH0202");
    if (why !== undefined) expect(message).toContain(why);
  });
});

test("a tree or a file is no revision", async () => {
  const { mesh, git } = threeCommits();
  expect((await refused(mesh, git("rev-parse", "HEAD:mesh"))).message).toMatch(/it is a tree, not a commit/);
  git("tag", "--annotate", "of-a-file", "--message", "m", "HEAD:mesh/a.ts");
  expect((await refused(mesh, "of-a-file")).message).toMatch(/it is a blob, not a commit/);
});

test("an abbreviated id that several commits share is refused with them; files that share it do not count", async () => {
  const { mesh, git, shell, ids } = threeCommits();
  // Commits and files until two begin with the same four digits.
  const commits = shell(
    `t=$(git rev-parse HEAD^{tree}); i=0; while [ $i -lt 700 ]; do echo $i | git commit-tree $t; i=$((i+1)); done`,
  ).split("\n");
  const seen = new Map<string, string>();
  const twice = commits.find((id) => seen.has(id.slice(0, 4)) || !seen.set(id.slice(0, 4), id))!;
  const { code, message } = await refused(mesh, twice.slice(0, 4));
  expect(code).toBe("MESH0203");
  expect(message).toContain(twice);
  expect(message).toContain(seen.get(twice.slice(0, 4))!);

  const blobs = new Map<string, number>();
  for (let n = 0; n < 300_000 && blobs.size < 1; n += 1) {
    const { createHash } = await import("node:crypto");
    const text = String(n);
    const id = createHash("sha1").update(`blob ${text.length}\0${text}`).digest("hex");
    if (id.startsWith(ids[0]!.slice(0, 4))) blobs.set(text, n);
  }
  shell(`printf %s ${[...blobs.keys()][0]!} | git hash-object -w --stdin`);
  expect((await found(mesh, ids[0]!.slice(0, 4))).commit).toBe(ids[0]);
  expect(git("rev-parse", "--verify", `${ids[0]!.slice(0, 4)}^{commit}`)).toBe(ids[0]);
});

test("a repository without commits has no HEAD", async () => {
  const { folder, write } = repository();
  write({ "mesh.config.ts": "export default {};\n" });
  expect((await refused(folder, "HEAD")).message).toBe("there is no revision `HEAD`: there is no commit yet");
});

test("a folder outside of any repository, and no folder at all", async () => {
  const folder = temporary();
  expect((await refused(folder, "HEAD")).code).toBe("MESH0200");
  expect((await refused(`${folder}/none`, "HEAD")).code).toBe("MESH0001");
});
