import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { load } from "../../../compiler/load/index.ts";
import { committed, temporary, treeOf } from "../../../compiler/revision/fixture.ts";
import { config, failure, never, served, sourceOf, spoiling } from "./fixture.ts";

/** A commit whose top has a mesh and one more entry that `git` itself would not make. */
const hostile = async (mode: string, name: string, content = "evil") => {
  const made = await served();
  const [file, target] = [made.object("blob", config), made.object("blob", content)];
  const inner = treeOf(made, [["100644", "hooks", target]]);
  const tree = treeOf(made, [
    ["100644", "mesh.config.ts", file],
    [mode, name, mode === "40000" ? inner : mode === "160000" ? "1".repeat(40) : target],
  ]);
  made.git("update-ref", "refs/heads/main", committed(made, tree));
  return made;
};

describe.each(["100644", "40000", "120000"])("names that are none for a file (%s)", (mode) => {
  test.each(["..", ".git", ".GIT", "git~1", "a/../../b", "/etc", "..\\evil"])("%j", async (name) => {
    const { source } = await hostile(mode, name);
    const state = join(temporary(), "state");
    const error = await failure(source({ folder: state }));
    expect(error).toMatchObject({ reason: "invalid", message: expect.stringContaining(JSON.stringify(name)) });
    expect(readdirSync(state, { recursive: true })).toEqual(["commits"]);
  });
});

test("a submodule in the mesh is said, and one beside it does no harm", async () => {
  const { source } = await hostile("160000", "vendor");
  expect(await failure(source())).toMatchObject({
    reason: "invalid",
    message: expect.stringContaining("vendor is a submodule"),
  });
  const made = await served();
  const mesh = treeOf(made, [["100644", "mesh.config.ts", made.object("blob", config)]]);
  const top = treeOf(made, [
    ["40000", "mesh", mesh],
    ["160000", "vendor", "1".repeat(40)],
  ]);
  made.git("update-ref", "refs/heads/main", committed(made, top));
  expect(readdirSync((await made.source({ path: "mesh/" }).fetched(never)).folder)).toEqual(["mesh.config.ts"]);
  expect((await failure(made.source({ path: "vendor" }))).reason).toBe("invalid");
});

test.each(["/etc/passwd", "../../../../../etc/passwd", "../pack"])(
  "a link that leads out (%s) reaches nothing, and the compiler says where it is",
  async (target) => {
    const { source } = await hostile("120000", "b.ts", target);
    const { folder } = await source().fetched(never);
    expect(() => readFileSync(join(folder, "b.ts"))).toThrow("EISDIR");
    const { diagnostics } = await load(folder, { types: false });
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toContainEqual(
      expect.stringMatching(/^MESH0006 .*b\.ts/),
    );
  },
);

test("names that differ in case alone are said where the file system tells them apart, too", async () => {
  const { commit, source } = await served();
  commit({ "mesh.config.ts": config, "a.ts": "export default {};\n", "A.ts": "export default {};\n" });
  const { diagnostics } = await load((await source().fetched(never)).folder, { types: false });
  expect(diagnostics.map(({ code }) => code)).toContain("MESH0007");
});

test("a folder that is no folder, or is not there", async () => {
  const { commit, source } = await served();
  commit({ "mesh.config.ts": config, "sub/x.ts": "x" });
  for (const [path, words] of [
    ["gone", "there is no gone"],
    ["mesh.config.ts", "is a file"],
    ["sub", "has no mesh.config.ts"],
  ] as const)
    expect(await failure(source({ path }))).toMatchObject({ reason: "gone", message: expect.stringContaining(words) });
});

test("a process that is killed while a commit comes in leaves nothing that the next one does not clean", async () => {
  const { commit, server, source } = await served();
  const id = commit({ "mesh.config.ts": config, "big.txt": Array.from({ length: 9999 }, (_, n) => n * 7919).join() });
  const stalled = await spoiling(
    server.url,
    (response, body) => void response.write(body.subarray(0, body.length >> 1)),
  );
  const state = join(temporary(), "state");
  const module = new URL("git-source.ts", import.meta.url).href;
  const options = JSON.stringify({ url: `${stalled}/policies.git`, branch: "main", folder: state });
  const child = spawn(
    process.execPath,
    [
      "--input-type=module",
      "--eval",
      `import { gitSource } from ${JSON.stringify(module)};
       await gitSource(${options}).fetched(new AbortController().signal);`,
    ],
    { stdio: "inherit" },
  );
  const within = (): readonly string[] =>
    existsSync(state) ? readdirSync(state, { recursive: true, encoding: "utf8" }) : [];
  await expect.poll(() => within().filter((name) => name.endsWith("/pack"))).toHaveLength(1);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(within().filter((name) => name.endsWith("/pack"))).toHaveLength(1);
  expect((await source({ folder: state }).fetched(never)).commit).toBe(id);
  expect(within().filter((name) => name.includes("staged") || name.endsWith("/pack"))).toEqual([]);
  expect((await sourceOf(`${server.url}/policies.git`).fetched(never)).commit).toBe(id);
});
