import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../../../compiler/pipeline.ts";
import { exampleMesh, temporary } from "../../../compiler/revision/fixture.ts";
import { answering, config, failure, never, saying, served, sourceOf } from "./fixture.ts";

const names = (folder: string): readonly string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

describe.each([{ isOld: false }, { isOld: true }])("a server that speaks the old protocol: $isOld", ({ isOld }) => {
  test("a mesh compiles from its commit alone, with and without its types checked", async () => {
    const { folder, commit, source } = await served({ isOld });
    exampleMesh(join(folder, "policies/bookinfo"));
    const id = commit({ "README.md": "x" });
    const fetched = await source({ path: "policies/bookinfo" }).fetched(never);
    expect(fetched.commit).toBe(id);
    for (const types of [false, true]) {
      const { value, diagnostics } = await compile(fetched.folder, { types });
      expect(diagnostics).toEqual([]);
      expect(value!.mesh).toEqual((await compile(join(folder, "policies/bookinfo"), { types: false })).value!.mesh);
    }
  });

  test("a branch that has not moved costs one request, and is the same folder", async () => {
    const { commit, source, server } = await served({ isOld });
    const first = commit({ "mesh.config.ts": config });
    const one = source();
    const fetched = await one.fetched(never);
    expect(fetched.commit).toBe(first);
    server.requests.length = 0;
    expect(await one.fetched(never)).toEqual(fetched);
    expect(server.requests.map(({ asked }) => asked)).toEqual([
      isOld ? "GET /policies.git/info/refs?service=git-upload-pack" : "POST /policies.git/git-upload-pack",
    ]);
    const second = commit({ "a.ts": "export default 1;\n" });
    const next = await one.fetched(never);
    expect(next.commit).toBe(second);
    expect(names(next.folder)).toEqual(["a.ts", "mesh.config.ts"]);
    expect(names(fetched.folder)).toEqual(["mesh.config.ts"]);
  });

  test("a branch that was rewritten is the commit at which it is, be it older or without a common past", async () => {
    const { commit, source, git } = await served({ isOld });
    const one = source();
    const first = commit({ "mesh.config.ts": config, "a.ts": "1" });
    const second = commit({ "a.ts": "2" });
    expect((await one.fetched(never)).commit).toBe(second);
    git("reset", "--quiet", "--hard", first);
    const back = await one.fetched(never);
    expect([back.commit, readFileSync(join(back.folder, "a.ts"), "utf8")]).toEqual([first, "1"]);
    git("checkout", "--quiet", "--orphan", "other");
    const other = commit({ "a.ts": "3" });
    git("branch", "--force", "main", "other");
    const away = await one.fetched(never);
    expect([away.commit, readFileSync(join(away.folder, "a.ts"), "utf8")]).toEqual([other, "3"]);
  });

  test("a repository with history, packed deltas and other branches is read at its branch alone", async () => {
    const { commit, source, git } = await served({ isOld });
    const lines = Array.from({ length: 3000 }, (_, n) => `line ${n} ${n * 7919}`);
    for (let nth = 0; nth < 5; nth += 1) {
      lines[nth * 500] = `changed ${nth}`;
      commit({ "mesh.config.ts": config, [`copy-${nth}.txt`]: lines.join("\n"), "main.txt": lines.join("\n") });
    }
    git("checkout", "--quiet", "-b", "main2");
    commit({ "other.ts": "x" });
    git("checkout", "--quiet", "main");
    git("tag", "--annotate", "v1", "--message", "v1");
    git("gc", "--quiet", "--aggressive");
    expect(
      git(
        "verify-pack",
        "-v",
        "--stat-only",
        join(
          ".git/objects/pack",
          readdirSync(join(git("rev-parse", "--show-toplevel"), ".git/objects/pack")).find((name) =>
            name.endsWith(".idx"),
          )!,
        ),
      ),
    ).toContain("chain length = 1");
    const { commit: id, folder } = await source().fetched(never);
    expect(id).toBe(git("rev-parse", "main"));
    expect(names(folder)).toEqual([
      "copy-0.txt",
      "copy-1.txt",
      "copy-2.txt",
      "copy-3.txt",
      "copy-4.txt",
      "main.txt",
      "mesh.config.ts",
    ]);
    for (const name of names(folder))
      expect(readFileSync(join(folder, name), "utf8").trim()).toBe(git("show", `main:${name}`));
  });

  test("a branch or a repository that is gone, and one in which there is nothing", async () => {
    const { commit, source, git, server, folder } = await served({ isOld });
    expect(await failure(source())).toMatchObject({
      reason: "gone",
      message: expect.stringContaining("no commit yet"),
    });
    commit({ "mesh.config.ts": config });
    const one = source();
    await one.fetched(never);
    git("branch", "-m", "main", "maim");
    expect(await failure(one)).toMatchObject({
      reason: "gone",
      message: expect.stringContaining("has no branch main; did you mean maim?"),
    });
    git("branch", "-m", "maim", "main");
    expect((await one.fetched(never)).commit).toBe(git("rev-parse", "main"));
    rmSync(folder, { recursive: true });
    expect(await failure(one)).toMatchObject({
      reason: "gone",
      message: expect.stringContaining("no such repository"),
    });
    expect(server.requests.length).toBeGreaterThan(0);
  });
});

describe("the folder", () => {
  const keepers = (state: string): readonly string[] => readdirSync(join(state, "commits"));

  test("is private, and holds the last three commits", async () => {
    const { commit, source } = await served();
    const state = join(temporary(), "state");
    const one = source({ folder: state });
    const all = [];
    for (let nth = 0; nth < 5; nth += 1) {
      commit({ "mesh.config.ts": config, "a.ts": `${nth}` });
      all.push(await one.fetched(never));
    }
    expect(all.map(({ folder }) => existsSync(folder))).toEqual([false, false, true, true, true]);
    expect(keepers(state)).toHaveLength(3);
    for (const path of [join(state, "commits"), dirname(all[4]!.folder), all[4]!.folder])
      expect(lstatSync(path).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(all[4]!.folder))).toEqual(["mesh"]);
  });

  test("of a killed run is cleaned, and its commits count as old", async () => {
    const { commit, source } = await served();
    const state = join(temporary(), "state");
    mkdirSync(join(state, "commits", "staged-killed", "mesh"), { recursive: true });
    writeFileSync(join(state, "commits", "staged-killed", "pack"), "PACK");
    const id = commit({ "mesh.config.ts": config });
    const before = await source({ folder: state }).fetched(never);
    rmSync(join(before.folder, "mesh.config.ts"));
    const one = source({ folder: state });
    const after = await one.fetched(never);
    expect([after.commit, existsSync(join(after.folder, "mesh.config.ts"))]).toEqual([id, true]);
    expect(keepers(state).filter((name) => !name.startsWith(id))).toEqual([]);
    // Taken away by somebody who cleans up.
    rmSync(dirname(after.folder), { recursive: true });
    expect(existsSync((await one.fetched(never)).folder)).toBe(true);
  });

  test("keeps nothing of a fetch that failed, and a place where nothing can be written is said", async () => {
    const { commit, source } = await served();
    commit({ "README.md": "x" });
    const state = join(temporary(), "state");
    expect(await failure(source({ folder: state }))).toMatchObject({
      reason: "gone",
      message: expect.stringContaining("its top folder has no mesh.config.ts"),
    });
    expect(keepers(state)).toEqual([]);
    const file = join(temporary(), "file");
    writeFileSync(file, "");
    expect(await failure(source({ folder: file }))).toMatchObject({
      reason: "disk",
      message: expect.stringContaining("a part of the path is no folder"),
    });
  });
});

test.each([
  ["https://ada:secret-word@git.example/x.git", "holds credentials"],
  ["https://secret-word@git.example/x.git", "holds credentials"],
  ["ssh://git@secret-word.example/x.git", "neither https:// nor http://"],
  ["git@secret-word.example:x.git", "no URL"],
  ["https://git.example/x.git?token=secret-word", "a query"],
  ["file:///secret-word", "neither https:// nor http://"],
])("an address that is no good is refused without being repeated: %s", async (url, words) => {
  const { source } = await served();
  let message = "";
  try {
    source({ url });
  } catch (error) {
    ({ message } = error as Error);
  }
  expect(message).toContain(words);
  expect(message).not.toContain("secret-word");
});

test.each(["", "a..b", "a b", "a\n0000", "-x", "x.lock", "/x", "x/", "a^", "@", "x/.y"])(
  "%j is no branch",
  async (branch) => {
    const { source } = await served();
    expect(() => source({ branch })).toThrow("is no name of a branch");
  },
);

test("a branch may hold any letters", async () => {
  const { commit, source, git } = await served();
  git("checkout", "--quiet", "-b", "größe/v1.2_β");
  const id = commit({ "mesh.config.ts": config });
  expect((await source({ branch: "größe/v1.2_β" }).fetched(never)).commit).toBe(id);
  expect(() => source({ path: "../x" })).toThrow("no folder within");
});

test("a proxy that the environment names is asked, but where it says otherwise", async () => {
  const { commit, server } = await served();
  const id = commit({ "mesh.config.ts": config });
  const asked: string[] = [];
  const proxy = await answering((request, response) => {
    asked.push(request.url!);
    const onward = http.request(
      request.url!.replace("http://git.example", server.url),
      { method: request.method!, headers: { ...request.headers, host: "git.example" } },
      (answer) => answer.pipe(response.writeHead(answer.statusCode!, answer.headers)),
    );
    request.pipe(onward);
  });
  const proxyEnv = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: "127.0.0.1" };
  expect((await sourceOf("http://git.example/policies.git", { proxyEnv }).fetched(never)).commit).toBe(id);
  expect(asked[0]).toBe("http://git.example/policies.git/info/refs?service=git-upload-pack");
  asked.length = 0;
  expect((await sourceOf(`${server.url}/policies.git`, { proxyEnv }).fetched(never)).commit).toBe(id);
  expect(asked).toEqual([]);
  expect(await failure(sourceOf("https://git.example/policies.git", { proxyEnv }))).toMatchObject({
    reason: "unreachable",
    message: expect.stringMatching(/^https:\/\/git\.example\/policies\.git\S* cannot be reached: /),
  });
});

test("a proxy that does not answer is a server that does not", async () => {
  const silent = await saying(undefined);
  const hung = (options: object) =>
    failure(sourceOf("https://git.example/x.git", { proxyEnv: { HTTPS_PROXY: silent }, ...options }));
  expect((await hung({ silenceMs: 50 })).reason).toBe("timeout");
  expect((await hung({ timeoutMs: 50 })).reason).toBe("timeout");
});
