import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const command = join(import.meta.dirname, "mesh-compile.ts");
const example = join(import.meta.dirname, "..", "policies", "bookinfo");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshwright-report-"));
  await cp(example, join(folder, "mesh"), {
    recursive: true,
    filter: (path) => !path.startsWith(join(example, "out")),
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, "report", "--mesh", "mesh", ...args], {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, stdout, stderr };
};

const read = (path: string): Promise<string> => readFile(join(folder, path), "utf8");

const edit = async (path: string, from: string, to: string): Promise<void> => {
  const text = await read(path);
  expect(text).toContain(from);
  await writeFile(join(folder, path), text.replace(from, to));
};

test("a mesh becomes one page beside which nothing is left, the same each time", async () => {
  expect(run("--no-types")).toEqual({ status: 0, stdout: "mesh-report.html\n", stderr: "" });
  const first = await read("mesh-report.html");
  expect([first.startsWith("<!doctype html>"), first.includes("<title>mesh</title>")]).toEqual([true, true]);
  expect(run("--no-types", "--env", "production", "--out", "below/new/page.html").status).toBe(0);
  expect((await read("below/new/page.html")).includes("<title>mesh (production)</title>")).toBe(true);
  expect(run("--no-types").status).toBe(0);
  expect(await read("mesh-report.html")).toBe(first);
  expect(await readdir(folder)).toEqual(["below", "mesh", "mesh-report.html"]);
});

test("with a base the page tells what differs, by whom, and how to see it", async () => {
  await cp(join(folder, "mesh"), join(folder, "base"), { recursive: true });
  await edit("mesh/bookinfo/reviews.ts", "default: 50", "default: 20");
  const { status, stdout } = run("--no-types", "--base", "base", "--out", "page.html");
  expect([status, stdout]).toEqual([0, "page.html\n"]);
  const page = await read("page.html");
  for (const part of ["v1 50 % → 80 %", "reroutes", "mesh/bookinfo/reviews.ts:10", "mesh-compile explain"])
    expect([part, page.includes(part)]).toEqual([part, true]);
  expect(run("--no-types", "--base", "mesh", "--out", "page.html").status).toBe(0);
  expect((await read("page.html")).includes(`class="change"`)).toBe(false);
});

test("where no page can be written it is said, and what was there stays", async () => {
  await mkdir(join(folder, "taken"));
  await writeFile(join(folder, "file"), "mine");
  for (const out of ["taken", "file/page.html", "/proc/page.html", "/dev/null"]) {
    const { status, stderr } = run("--no-types", "--out", out);
    expect([out, status, stderr.includes("MESH0100")]).toEqual([out, 1, true]);
  }
  expect(await read("file")).toBe("mine");
  expect((await readdir(folder)).toSorted()).toEqual(["file", "mesh", "taken"]);
});

test("errors of either side are told, and no page is written", async () => {
  await cp(join(folder, "mesh"), join(folder, "base"), { recursive: true });
  await edit("base/bookinfo/reviews.ts", "reviews.v2", "ratings");
  await edit("base/bookinfo/reviews.ts", "uses: [ratings]", "uses: [ratings, 7 as never]");
  const wrongBase = run("--no-types", "--base", "base");
  expect([wrongBase.status, wrongBase.stderr.includes("MESH0213")]).toEqual([1, true]);
  await cp(join(folder, "base"), join(folder, "mesh"), { recursive: true });
  expect(run("--no-types").status).toBe(1);
  expect(run("--no-types", "--base", "no-such-revision").status).toBe(1);
  expect((await readdir(folder)).includes("mesh-report.html")).toBe(false);
});
