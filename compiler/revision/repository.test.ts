import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { config, fixtureIn, found, refused, repository, temporary, textAt, threeCommits } from "./fixture.ts";

test("a linked work tree has its own HEAD and shares everything else", async () => {
  const { folder, mesh, git, ids } = threeCommits();
  const linked = join(temporary(), "linked");
  git("worktree", "add", "--quiet", "-b", "side", linked, "HEAD~1");
  fixtureIn(linked).commit({ "mesh/a.ts": "export default 9;\n" });
  git("gc", "--quiet");
  expect(await textAt(join(linked, "mesh"), "HEAD")).toBe("export default 9;\n");
  expect(await textAt(join(linked, "mesh"), "main")).toBe("export default 3;\n");
  expect((await found(mesh, "side~1")).commit).toBe(ids[1]);
  expect((await found(mesh, "HEAD")).commit).toBe(ids[2]);
  execFileSync("rm", ["-r", join(folder, ".git")]);
  expect((await refused(join(linked, "mesh"), "HEAD")).message).toMatch(/names no Git folder that is there$/);
});

test("a submodule is a repository of its own; where the mesh was one, its files are not in the revision", async () => {
  const inner = threeCommits();
  const outer = repository();
  outer.commit({ "mesh/mesh.config.ts": config }, "a folder");
  outer.git("rm", "-r", "--quiet", "mesh");
  outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.folder, "mesh");
  outer.commit({}, "a submodule");
  expect((await found(join(outer.folder, "mesh/mesh"), "HEAD~1")).commit).toBe(inner.ids[1]);
  outer.git("rm", "-r", "--quiet", "mesh");
  outer.commit({ "mesh/mesh.config.ts": config, "mesh/sub/mesh.config.ts": config }, "a folder again");
  const { code, message } = await refused(join(outer.folder, "mesh"), "HEAD~1");
  expect([code, message]).toEqual(["MESH0210", expect.stringContaining("mesh is a submodule")]);
  expect((await refused(join(outer.folder, "mesh/sub"), "HEAD~1")).code).toBe("MESH0210");
  outer.git("update-index", "--add", "--cacheinfo", `160000,${inner.ids[0]!},mesh/parts`);
  outer.git("commit", "--quiet", "--message", "a submodule within");
  expect((await refused(join(outer.folder, "mesh"), "HEAD")).message).toContain("mesh/parts is a submodule");
});

test("objects are found where they are borrowed from, over several steps", async () => {
  const { folder, ids } = threeCommits();
  const [first, second] = [join(temporary(), "first"), join(temporary(), "second")];
  fixtureIn(folder).git("clone", "--quiet", "--shared", folder, first);
  fixtureIn(folder).git("clone", "--quiet", "--shared", first, second);
  const own = fixtureIn(second).commit({ "mesh/b.ts": "export default 0;\n" });
  expect(existsSync(join(second, ".git/objects/info/alternates"))).toBe(true);
  expect((await found(join(second, "mesh"), "HEAD")).commit).toBe(own);
  expect(await textAt(join(second, "mesh"), ids[0]!.slice(0, 9))).toBe("export default 1;\n");
});

test("a shallow clone says what it lacks", async () => {
  const { folder, ids } = threeCommits();
  const clone = join(temporary(), "clone");
  fixtureIn(folder).git("clone", "--quiet", "--depth=2", `file://${folder}`, clone);
  const mesh = join(clone, "mesh");
  expect((await found(mesh, "HEAD~1")).commit).toBe(ids[1]);
  for (const revision of ["HEAD~2", "main^^", ids[0]!, ids[0]!.slice(0, 8)]) {
    const { code, message, fix } = await refused(mesh, revision);
    expect([code, message]).toEqual(["MESH0204", `\`${revision}\` lies beyond what this shallow clone holds`]);
    expect(fix).toContain("fetch-depth: 0");
  }
  expect((await refused(mesh, "origin/release")).fix).toContain("this clone is shallow");
  fixtureIn(clone).git("fetch", "--quiet", "--deepen=100");
  expect((await found(mesh, "HEAD~2")).commit).toBe(ids[0]);
});

test("a partial clone says what it lacks, and how to get it", async () => {
  const { folder, git } = threeCommits();
  git("config", "uploadpack.allowFilter", "true");
  git("config", "uploadpack.allowAnySHA1InWant", "true");
  const [blobless, treeless] = [join(temporary(), "blobless"), join(temporary(), "treeless")];
  git("clone", "--quiet", "--filter=blob:none", `file://${folder}`, blobless);
  git("clone", "--quiet", "--filter=tree:0", `file://${folder}`, treeless);
  expect(await textAt(join(blobless, "mesh"), "HEAD")).toBe("export default 3;\n");
  const { code, message, fix } = await refused(join(blobless, "mesh"), "HEAD~2");
  expect([code, message]).toEqual(["MESH0205", "this partial clone does not hold a.ts of `HEAD~2`"]);
  expect((await refused(join(treeless, "mesh"), "HEAD~1")).message).toContain("does not hold the tree of");
  const command = /`(git archive .*?)`/.exec(fix!)![1]!;
  fixtureIn(blobless).shell(command);
  expect(await textAt(join(blobless, "mesh"), "HEAD~2")).toBe("export default 1;\n");
});

test("a mesh below the top, at the top, and reached through a link", async () => {
  const { folder, commit } = repository();
  commit({
    "mesh.config.ts": config,
    "policies/shop/mesh.config.ts": config,
    "policies/shop/a.ts": "export default 1;\n",
  });
  expect((await found(folder, "HEAD")).prefix).toBe("");
  expect((await found(join(folder, "policies/shop"), "HEAD")).prefix).toBe("policies/shop");
  const link = join(temporary(), "link");
  symlinkSync(join(folder, "policies/shop"), link);
  const through = await found(link, "HEAD");
  expect([through.prefix, readdirSync(through.folder).sort()]).toEqual(["policies/shop", ["a.ts", "mesh.config.ts"]]);
});

test("a mesh that the revision does not have", async () => {
  const { folder, commit, write, shell } = repository();
  commit({ "README.md": "x" });
  commit({ "mesh/README.md": "x", file: "x" });
  shell("ln -s mesh link");
  commit({});
  write({ "mesh/mesh.config.ts": config, "later/mesh.config.ts": config });
  shell("rm file link && mkdir file link");
  const why = async (name: string, revision: string): Promise<string> => {
    const { code, message } = await refused(join(folder, name), revision);
    expect(code).toBe("MESH0206");
    return message.slice(message.indexOf(": ") + 2);
  };
  expect(await why("mesh", "HEAD~2")).toBe("there is no mesh");
  expect(await why("mesh", "HEAD")).toBe("mesh has no mesh.config.ts");
  expect(await why("later", "HEAD")).toBe("there is no later");
  expect(await why("file", "HEAD")).toBe("file is a file");
  expect(await why("link", "HEAD")).toBe("link is a symbolic link");
  expect(await why(".", "HEAD")).toBe("its top folder has no mesh.config.ts");
});

test("formats that cannot be read are named", async () => {
  const { folder, commit } = repository("--object-format=sha256");
  commit({ "mesh.config.ts": config });
  expect((await refused(folder, "HEAD")).message).toBe("the repository has SHA-256 ids, which cannot be read yet");
  const tabled = threeCommits();
  tabled.git("config", "core.repositoryFormatVersion", "1");
  tabled.git("config", "extensions.refStorage", "reftable");
  expect((await refused(tabled.mesh, "HEAD")).message).toContain("keeps its refs in a reftable");
});

test("a damaged object is named, be it loose or packed", async () => {
  const loose = threeCommits();
  const blob = loose.git("rev-parse", "HEAD~1:mesh/a.ts");
  const file = join(loose.folder, ".git/objects", blob.slice(0, 2), blob.slice(2));
  loose.shell(`chmod u+w ${file}`);
  writeFileSync(file, readFileSync(file).fill(0, 5, 12));
  expect(await refused(loose.mesh, "HEAD~1")).toMatchObject({
    code: "MESH0208",
    message: expect.stringContaining(blob) as string,
  });
  loose.shell(`rm ${file}`);
  expect((await refused(loose.mesh, "HEAD~1")).message).toContain("it is missing (a.ts of `HEAD~1`)");

  const packed = threeCommits();
  packed.git("gc", "--quiet");
  const pack = readdirSync(join(packed.folder, ".git/objects/pack")).find((name) => name.endsWith(".pack"))!;
  const path = join(packed.folder, ".git/objects/pack", pack);
  packed.shell(`chmod u+w ${path}`);
  const bytes = readFileSync(path);
  bytes[Math.floor(bytes.length / 2)]! ^= 0xff;
  writeFileSync(path, bytes);
  expect((await refused(packed.mesh, "HEAD~1")).code).toBe("MESH0208");
});

test("a loose object that is another one is refused, whatever its name says", async () => {
  const { folder, mesh, git, object, shell } = threeCommits();
  const blob = git("rev-parse", "HEAD~1:mesh/a.ts");
  const other = object("blob", "export default evil;\n");
  const path = (id: string): string => join(folder, ".git/objects", id.slice(0, 2), id.slice(2));
  shell(`cp -f ${path(other)} ${path(blob)}`);
  expect((await refused(mesh, "HEAD~1")).code).toBe("MESH0208");
});

test("a .git that is none is passed by or said to be none", async () => {
  const { mesh, ids } = threeCommits();
  mkdirSync(join(mesh, ".git"));
  expect((await found(mesh, "HEAD")).commit).toBe(ids[2]);
  execFileSync("rmdir", [join(mesh, ".git")]);
  writeFileSync(join(mesh, ".git"), "gitdir: ../nowhere\n");
  expect((await refused(mesh, "HEAD")).code).toBe("MESH0200");
});

test("nothing of the repository and of the work tree is written", async () => {
  const { folder, mesh, git, shell } = threeCommits();
  git("gc", "--quiet");
  const before = join(temporary(), "copy");
  cpSync(folder, before, { recursive: true, preserveTimestamps: true });
  const times = (at: string): readonly string[] =>
    readdirSync(at, { recursive: true, encoding: "utf8" })
      .sort()
      .map((name) => `${name} ${statSync(join(at, name)).mtimeMs}`);
  const earlier = times(folder);
  await textAt(mesh, "HEAD~2");
  await refused(mesh, "nothing");
  expect(times(folder)).toEqual(earlier);
  expect(shell(`diff -r ${folder} ${before}`)).toBe("");
});
