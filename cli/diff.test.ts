import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ajv as AjvClass } from "ajv";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const { Ajv } = createRequire(import.meta.url)("ajv") as { readonly Ajv: new () => AjvClass };
const command = join(import.meta.dirname, "mesh-compile.ts");
const example = join(import.meta.dirname, "..", "policies", "bookinfo");
const schema = JSON.parse(readFileSync(join(import.meta.dirname, "..", "docs", "diff.schema.json"), "utf8")) as object;
let repository: string;
let mesh: string;

const environment = {
  ...process.env,
  NO_COLOR: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

/** Git makes the fixture; the command reads it by itself. */
const git = (...parameters: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(
    "git",
    ["-c", "user.name=a", "-c", "user.email=a@localhost", ...parameters],
    { cwd: repository, encoding: "utf8", env: environment },
  );
  expect(stderr.includes("fatal"), stderr).toBe(false);
  expect(status).toBe(0);
  return stdout.trim();
};

const diff = (...parameters: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, "diff", "--no-types", ...parameters], {
    cwd: mesh,
    encoding: "utf8",
    env: environment,
  });
  return { status, stdout, stderr };
};

const edit = (path: string, from: string, to: string): void => {
  const text = readFileSync(join(mesh, path), "utf8");
  expect(text).toContain(from);
  writeFileSync(join(mesh, path), text.replace(from, to));
};

const canary = () => edit("bookinfo/reviews.ts", "default: 50", "default: 20");
const opened = () => edit("bookinfo/reviews.ts", 'methods: ["GET"]', 'methods: ["GET", "POST"]');

beforeEach(() => {
  repository = realpathSync(mkdtempSync(join(tmpdir(), "meshwright-diff-")));
  mesh = join(repository, "mesh");
  cpSync(example, mesh, { recursive: true, filter: (path) => !path.startsWith(join(example, "out")) });
  git("init", "--quiet", "--initial-branch", "main");
  git("add", "--all");
  git("commit", "--quiet", "--message", "base");
});
afterEach(() => rmSync(repository, { recursive: true, force: true }));

describe("what it says", () => {
  test("nothing changed: no change in meaning, exit code 0", () => {
    expect(diff("--base", "HEAD")).toEqual({ status: 0, stdout: "no change in meaning\n", stderr: "" });
  });

  test("a rewritten file that says the same is no change in meaning", () => {
    edit("bookinfo/reviews.ts", "100 - canary", "0 + 100 - canary");
    const { status, stdout } = diff("--base", "HEAD");
    expect([status, stdout.split("\n")[0]]).toEqual([0, "no change in meaning"]);
  });

  test("a route that responds by itself closes nothing and reaches nobody; its words are compared", () => {
    const answered = (words: string) =>
      `route({ when: { prefix: "/reviews", withoutHeaders: { "end-user": "jason" } }, respond: { status: 503, body: "${words}" } }),`;
    edit("bookinfo/reviews.ts", "    route({\n", `    ${answered("back at noon")}\n    route({\n`);
    const { status, stdout } = diff("--base", "HEAD");
    expect(status).toBe(2);
    expect(stdout).toMatch(
      /reviews: v1 50 %, v3 50 %.* → answered 503 "back at noon" by the caller's proxy for productpage, GET, \/reviews and below, without end-user: jason\n/,
    );
    expect(stdout).toContain("[reroutes, denies traffic]");
    git("commit", "--quiet", "--all", "--message", "noon");
    edit("bookinfo/reviews.ts", "noon", "one");
    expect(diff("--base", "HEAD").stdout).toMatch(
      /^reviews: answered 503 "back at noon" by the caller's proxy → answered 503 "back at one" by the caller's proxy\n/,
    );
  });

  test("a canary that moves: what it means, whose requests, a command that shows it, the line, exit code 2", () => {
    canary();
    const { status, stdout, stderr } = diff("--base", "HEAD");
    expect([status, stderr]).toEqual([2, ""]);
    expect(stdout).toMatch(/^reviews: v1 50 % → 80 % for productpage, requests without end-user: jason\n/);
    expect(stdout).toContain("[reroutes]");
    expect(stdout).toMatch(/at {5}bookinfo\/reviews\.ts:\d+/);
    expect(stdout).toContain("note: compared with the files as they lie here: bookinfo/reviews.ts is not committed");
    const [, witness] = /try +(mesh-compile explain .*)/.exec(stdout) ?? [];
    const explained = spawnSync("sh", ["-c", witness!.replace("mesh-compile", `"${process.execPath}" "${command}"`)], {
      cwd: mesh,
      encoding: "utf8",
      env: environment,
    });
    expect([explained.status, explained.stderr]).toEqual([0, ""]);
    expect(explained.stdout).toContain("reviews-v1");
  });

  test("a committed change has no note on the work tree; tags, parents and folders are bases too", () => {
    git("tag", "v1");
    canary();
    git("commit", "--quiet", "--all", "--message", "canary");
    for (const base of ["v1", "HEAD~1", "main^", example]) {
      const { status, stdout } = diff("--base", base);
      expect([base, status]).toEqual([base, 2]);
      expect(stdout).toContain("v1 50 % → 80 %");
      expect(stdout).not.toContain("note:");
    }
  });

  test("how it would be rolled out: steps whose every moment is safe, in each form", () => {
    edit("bookinfo/reviews.ts", "v1: 100 - canary, v3: canary", "v2: 100 - canary, v3: canary");
    const { stdout } = diff("--base", "HEAD", "--rollout");
    expect(stdout).toMatch(
      /1\. expand.*\n +update DestinationRule bookinfo\/reviews\n +2\. switch.*\n +update VirtualService bookinfo\/reviews\n +3\. contract.*\n +update DestinationRule bookinfo\/reviews\n +safe: /,
    );
    const json = JSON.parse(diff("--base", "HEAD", "--rollout", "--format", "json").stdout) as object;
    expect(new Ajv().compile(schema)(json)).toBe(true);
    expect(json).toMatchObject({ rollout: { kind: "safe", steps: [{ phase: "expand" }, {}, {}], why: null } });
    expect(diff("--base", "HEAD", "--rollout", "--format", "markdown").stdout).toContain("Rollout: 3 steps, safe");
  });

  test("as JSON it is what the schema says", () => {
    canary();
    opened();
    const { status, stdout } = diff("--base", "HEAD", "--format", "json");
    expect(status).toBe(2);
    const ajv = new Ajv();
    const valid = ajv.compile(schema);
    expect(valid(JSON.parse(stdout)), ajv.errorsText(valid.errors)).toBe(true);
    const { changes } = JSON.parse(stdout) as { changes: readonly { risks: readonly string[] }[] };
    expect(changes[0]?.risks).toEqual(["opens-access"]);
  });

  test("as Markdown the details fold; as GitHub's commands they stand beside the lines, from the repository's top", () => {
    canary();
    const markdown = diff("--base", "HEAD", "--format", "markdown").stdout;
    expect(markdown).toMatch(/^### Mesh: reviews/);
    expect(markdown.match(/<details>/g)?.length).toBe(markdown.match(/<\/details>/g)?.length);
    const annotations = diff("--base", "HEAD", "--format", "github").stdout;
    expect(annotations).toMatch(
      /^::warning file=mesh\/bookinfo\/reviews\.ts,line=\d+,title=reroutes::bookinfo\/reviews/,
    );
  });

  test("a gate refuses what it was asked to, and nothing else", () => {
    canary();
    expect(diff("--base", "HEAD", "--fail-on", "opens-access,weakens-mtls").status).toBe(2);
    opened();
    const { status, stdout } = diff("--base", "HEAD", "--fail-on", "opens-access,weakens-mtls");
    expect([status, stdout.trimEnd().split("\n").at(-1)]).toEqual([3, "refused: opens access"]);
    expect(diff("--base", "HEAD", "--fail-on", "opens-access", "--format", "github").stdout).toContain("::error file=");
  });
});

describe("what it is given by mistake", () => {
  const told = (...parameters: readonly string[]) => {
    const { status, stdout, stderr } = diff(...parameters);
    expect([status, stdout]).toEqual([1, ""]);
    return stderr;
  };

  test("a revision that does not exist, with the name that was meant", () => {
    git("branch", "release");
    expect(told("--base", "relaese")).toMatch(/MESH0202[\s\S]*release/);
  });

  test("a base beyond a shallow clone", () => {
    canary();
    git("commit", "--quiet", "--all", "--message", "canary");
    const shallow = join(repository, "shallow");
    git("clone", "--quiet", "--depth", "1", `file://${repository}`, shallow);
    const { status, stderr } = spawnSync(
      process.execPath,
      [command, "diff", "--no-types", "--mesh", join(shallow, "mesh"), "--base", "HEAD~1"],
      { cwd: shallow, encoding: "utf8", env: environment },
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/MESH0204[\s\S]*fetch/);
  });

  test("a base that does not compile: its errors, by its own names", () => {
    edit("bookinfo/reviews.ts", "reviews.v2", "reviews.v9");
    git("commit", "--quiet", "--all", "--message", "broken");
    edit("bookinfo/reviews.ts", "reviews.v9", "reviews.v2");
    const stderr = told("--base", "HEAD");
    expect(stderr).toContain("MESH0213");
    expect(stderr).toContain("HEAD:mesh/bookinfo/reviews.ts");
    expect(stderr).not.toContain("meshwright-base-");
  });

  test("a head that does not compile, and a folder that is no repository", () => {
    edit("bookinfo/reviews.ts", "reviews.v2", "reviews.v9");
    expect(told("--base", "HEAD")).toContain("bookinfo/reviews.ts");
    const { status, stderr } = spawnSync(process.execPath, [command, "diff", "--base", "HEAD", "--mesh", "."], {
      cwd: tmpdir(),
      encoding: "utf8",
      env: environment,
    });
    expect([status, stderr.includes("MESH0002") || stderr.includes("MESH0200")]).toEqual([1, true]);
  });

  test("a risk and a format that there are not", () => {
    expect(told("--base", "HEAD", "--fail-on", "everything")).toContain("opens-access");
    expect(told("--base", "HEAD", "--format", "xml")).toContain("markdown");
    expect(told()).toContain("--base");
  });
});
