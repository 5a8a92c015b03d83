import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";

const script = join(import.meta.dirname, "diff-comment.mjs");
const action = join(import.meta.dirname, "../../action.yml");

interface Comment {
  readonly id: number;
  body: string;
  readonly user: { readonly login: string; readonly type: string };
}

const comment = (id: number, body: string, type = "Bot"): Comment => ({ id, body, user: { login: "x", type } });

interface Answer {
  readonly method: string;
  readonly status: number;
  /** How many times; then the server answers as it should. */
  left: number;
}

/** The comments API of a repository `shop/mesh`: lists by pages of two, creates, updates. */
const api = async (comments: Comment[], answers: Answer[] = []) => {
  const seen: string[] = [];
  const bodyOf = async (request: IncomingMessage): Promise<string> => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    return (JSON.parse(text) as { readonly body: string }).body;
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url!, "http://localhost");
    seen.push(`${request.method} ${url.pathname}${url.search}`);
    expect(request.headers.authorization).toBe("Bearer secret");
    const other = answers.find(({ method, left }) => method === request.method && left > 0);
    if (other !== undefined) {
      other.left -= 1;
      response.writeHead(other.status).end('{"message":"no"}');
      return;
    }
    const json = (status: number, value: unknown, headers = {}): void =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
    const one = /^\/repos\/shop\/mesh\/issues\/comments\/(\d+)$/.exec(url.pathname);
    if (request.method === "PATCH" && one !== null) {
      comments.find(({ id }) => id === Number(one[1]))!.body = await bodyOf(request);
      json(200, {});
    } else if (url.pathname !== "/repos/shop/mesh/issues/7/comments") json(404, {});
    else if (request.method === "POST") {
      comments.push(comment(1000 + comments.length, await bodyOf(request)));
      json(201, {});
    } else {
      const page = Number(url.searchParams.get("page"));
      const isLast = page * 2 >= comments.length;
      const link = isLast ? {} : { link: `<http://elsewhere/?page=${page + 1}>; rel="next"` };
      json(200, comments.slice(page * 2 - 2, page * 2), link);
    }
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, comments };
};

interface Said {
  readonly status: number;
  readonly markdown: string;
  readonly github?: string;
  readonly stderr?: string;
}

/** Runs the script as a job does; in the place of the compiler stands a command that says what it is told to. */
const job = async (said: Said, url: string, more: Readonly<Record<string, string>> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text = ""): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  file("said.json", JSON.stringify(said));
  const command = file(
    "mesh-compile",
    `#!${process.execPath}
const { appendFileSync, readFileSync } = require("node:fs");
const said = JSON.parse(readFileSync(${JSON.stringify(join(folder, "said.json"))}, "utf8"));
appendFileSync(${JSON.stringify(join(folder, "calls"))}, JSON.stringify(process.argv.slice(2)) + "\\n");
process.stderr.write(said.stderr ?? "");
process.stdout.write((process.argv.includes("github") ? said.github : said.markdown) ?? "");
process.exitCode = said.status;
`,
  );
  chmodSync(command, 0o755);
  const summary = file("summary");
  const output = file("output");
  const child = spawn(process.execPath, [script], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      MESH_COMPILE: command,
      MESHWRIGHT_MESH: "mesh",
      MESHWRIGHT_BASE: "abc",
      MESHWRIGHT_COMMENT: "true",
      GITHUB_API_URL: url,
      GITHUB_TOKEN: "secret",
      GITHUB_REPOSITORY: "shop/mesh",
      GITHUB_RUN_ID: "42",
      GITHUB_WORKSPACE: folder,
      GITHUB_EVENT_PATH: file("event.json", '{"pull_request":{"number":7}}'),
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_OUTPUT: output,
      ...more,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let log = "";
  child.stdout.on("data", (chunk) => (log += String(chunk)));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const calls = (): readonly string[][] =>
    read("calls")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as string[]);
  return { status, log, summary: read("summary"), output: read("output"), calls };
};

const changes: Said = {
  status: 2,
  markdown: "### The mesh changes\n\n- reviews: 10 % to v3\n",
  github: "::warning file=mesh/a.ts,line=1::reviews changes\nnoise\n::set-env name=A::b\n",
};

test("changes become a comment, a summary and annotations, and do not fail the job", async () => {
  const { url, comments } = await api([]);
  const { status, log, summary, output, calls } = await job(changes, url, {
    MESHWRIGHT_FAIL_ON: "exposure",
    MESHWRIGHT_ENV: "production",
  });
  expect(status).toBe(0);
  expect(comments).toHaveLength(1);
  expect(comments[0]!.body).toMatch(
    /^<!-- meshwright diff [0-9a-f]{16} -->\n### The mesh changes\n\n- reviews: 10 % to v3$/,
  );
  expect(summary).toBe("### The mesh changes\n\n- reviews: 10 % to v3\n");
  expect(output).toBe("exit-code=2\n");
  expect(log).toBe("::warning file=mesh/a.ts,line=1::reviews changes\n");
  const options = (format: string): readonly string[] => [
    "diff",
    "--mesh",
    "mesh",
    "--base",
    "abc",
    "--format",
    format,
    "--fail-on",
    "exposure",
    "--env",
    "production",
  ];
  expect(calls()).toEqual([options("markdown"), options("github")]);
});

test("a second run rewrites the first one's comment, wherever it stands among others", async () => {
  const { url, comments, seen } = await api([
    comment(1, "hi", "User"),
    comment(2, "hello", "User"),
    comment(3, "x", "User"),
  ]);
  await job(changes, url);
  seen.length = 0;
  await job({ ...changes, markdown: "### Less" }, url);
  expect(comments.map(({ body }) => body.split("\n").at(-1))).toEqual(["hi", "hello", "x", "### Less"]);
  expect(seen).toEqual([
    "GET /repos/shop/mesh/issues/7/comments?per_page=100&page=1",
    "GET /repos/shop/mesh/issues/7/comments?per_page=100&page=2",
    "PATCH /repos/shop/mesh/issues/comments/1003",
  ]);
});

test("another mesh and another environment have comments of their own", async () => {
  const { url, comments } = await api([]);
  await job(changes, url);
  await job(changes, url, { MESHWRIGHT_MESH: "other" });
  await job(changes, url, { MESHWRIGHT_ENV: "production" });
  await job(changes, url);
  expect(new Set(comments.map(({ body }) => body.split("\n")[0])).size).toBe(3);
  expect(comments).toHaveLength(3);
});

test("a person's comment that looks like the job's is left alone", async () => {
  const { url, comments } = await api([]);
  await job(changes, url);
  const forged = comment(1, comments[0]!.body, "User");
  comments.unshift(forged);
  await job({ ...changes, markdown: "### Now" }, url);
  expect(comments.map(({ body }) => body.split("\n")[1])).toEqual(["### The mesh changes", "### Now"]);
});

test("no change makes no comment, but an earlier one says so", async () => {
  const { url, comments } = await api([]);
  const nothing: Said = { status: 0, markdown: "No change of the mesh.\n" };
  expect((await job(nothing, url)).status).toBe(0);
  expect(comments).toEqual([]);
  await job(changes, url);
  await job(nothing, url);
  expect(comments.map(({ body }) => body.split("\n")[1])).toEqual(["No change of the mesh."]);
});

test("a gate's refusal fails the job after the comment was written", async () => {
  const { url, comments } = await api([]);
  const { status, log } = await job({ ...changes, status: 3 }, url);
  expect([status, comments.length]).toEqual([1, 1]);
  expect(log).toContain("::error::a gate refused");
});

test("errors fail the job and say why, without giving the runner commands", async () => {
  const { url, comments } = await api([]);
  const stderr = "error MESH0204: `abc` lies beyond\n::set-output name=a::b\n```\n@everyone\n";
  const { status, log, summary } = await job({ status: 1, markdown: "", stderr }, url);
  expect(status).toBe(1);
  expect(comments[0]!.body).toContain("````text\nerror MESH0204: `abc` lies beyond");
  expect(summary).toContain("could not be compared");
  const token = /::stop-commands::(\S+)\n/.exec(log)![1]!;
  expect(log.indexOf("::set-output")).toBeGreaterThan(log.indexOf(token));
  expect(log.trimEnd().endsWith(`::${token}::`)).toBe(true);
});

test("a bug of the compiler is told apart, and so is one that cannot be started", async () => {
  const { url, comments } = await api([]);
  expect((await job({ status: 70, markdown: "", stderr: "at x" }, url)).status).toBe(70);
  expect(comments[0]!.body).toContain("This is a bug of the compiler");
  const { status, summary } = await job(changes, url, { MESH_COMPILE: "/nonexistent/mesh-compile" });
  expect(status).toBe(1);
  expect(summary).toContain("mesh-compile cannot be run");
});

describe("a comment that cannot be written is a warning; the gate decides all the same", () => {
  test.each([
    ["GET", 403, "pull-requests: write"],
    ["POST", 403, "pull-requests: write"],
    ["POST", 404, "pull-requests: write"],
    ["POST", 422, "answered 422"],
    ["POST", 502, "answered 502"],
  ])("%s %d", async (method, code, says) => {
    const { url, comments } = await api([], [{ method, status: code, left: 9 }]);
    const { status, log, summary } = await job(changes, url);
    expect([status, comments.length]).toEqual([0, 0]);
    expect(log).toMatch(/::warning::the report is in the job's summary only: /);
    expect(log).toContain(says);
    expect(summary).toContain("The mesh changes");
    expect((await job({ ...changes, status: 3 }, url)).status).toBe(1);
  });

  test("nobody answers", async () => {
    const { status, log } = await job(changes, "http://127.0.0.1:1");
    expect([status, log.includes("in the job's summary only")]).toEqual([0, true]);
  });
});

test("what fails for a moment is tried again, but nothing is posted twice", async () => {
  const { url, comments, seen } = await api([], [{ method: "GET", status: 502, left: 1 }]);
  await job(changes, url);
  expect([comments.length, seen.filter((each) => each.startsWith("GET")).length]).toEqual([1, 2]);
});

test("a report that is too long is cut between lines, with what was open closed", async () => {
  const { url, comments } = await api([]);
  const line = `- ${"x".repeat(98)}`;
  for (const markdown of [
    `# Long\n\n<details><summary>all</summary>\n\n\`\`\`\`diff\n${`${line}\n`.repeat(1000)}\`\`\`\`\n\n</details>\n`,
    `${line}\n`.repeat(700),
    "y".repeat(70_000),
    "\u{1f600}".repeat(40_000),
  ]) {
    comments.length = 0;
    const { summary } = await job({ ...changes, markdown }, url);
    const { body } = comments[0]!;
    expect(body.length).toBeLessThanOrEqual(65_536);
    expect(body).toContain("[the job's summary](https://github.com/shop/mesh/actions/runs/42) has more");
    expect((body.match(/^````/gm) ?? []).length % 2).toBe(0);
    expect(body.match(/<details/g)?.length).toBe(body.match(/<\/details>/g)?.length);
    expect(summary.trimEnd()).toBe(markdown.trimEnd());
  }
  const { summary } = await job({ ...changes, markdown: `${"\u00e9".repeat(99)}\n`.repeat(9000) }, url);
  expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(2 ** 20);
});

test("without a pull request, without a token and where none is wanted, there is no comment", async () => {
  const { url, seen } = await api([]);
  for (const more of [{ MESHWRIGHT_COMMENT: "false" }, { GITHUB_TOKEN: "" }, { GITHUB_EVENT_PATH: "/nonexistent" }])
    expect((await job(changes, url, more)).summary).toContain("The mesh changes");
  expect(seen).toEqual([]);
});

test("without a base the job says what to give it", async () => {
  const { status, log } = await job(changes, "http://127.0.0.1:1", { MESHWRIGHT_BASE: "" });
  expect([status, log]).toEqual([1, expect.stringContaining("no base to compare with")]);
});

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly runs: {
    readonly steps: readonly { readonly run: string; readonly env: Readonly<Record<string, string>> }[];
  };
}

test("the action gives the script all that it asks for, and no script a text of somebody else's", () => {
  const { inputs, runs } = parse(readFileSync(action, "utf8")) as Action;
  expect(Object.keys(inputs)).toEqual(["mesh", "base", "fail-on", "env", "comment", "working-directory"]);
  for (const { run } of runs.steps) expect(run).not.toContain("${{");
  const { env, run } = runs.steps[0]!;
  expect(run).toBe('node "$GITHUB_ACTION_PATH/scripts/ci/diff-comment.mjs"');
  const asked = new Set(readFileSync(script, "utf8").match(/MESHWRIGHT_[A-Z_]+/g));
  expect(Object.keys(env).sort()).toEqual([...asked, "GITHUB_TOKEN"].sort());
  const given = Object.values(env).flatMap((value) =>
    [...value.matchAll(/inputs\.([\w-]+)/g)].map((found) => found[1]),
  );
  expect([...given, "working-directory"]).toEqual(Object.keys(inputs));
});
