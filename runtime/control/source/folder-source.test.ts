import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compile } from "../../../compiler/pipeline.ts";
import type { Revision } from "../views.ts";
import { folderSource } from "./folder-source.ts";
import type { Kept } from "../../diagnostics/kept.ts";

const bookinfo = join(import.meta.dirname, "../../../policies/bookinfo");
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "meshwright-source-"));
  cpSync(bookinfo, folder, { recursive: true, filter: (path) => !/\/out$/.test(path) });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const edited = (file: string, from: RegExp | string, to: string): void => {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  expect(text).toMatch(from);
  writeFileSync(path, text.replace(from, to));
};

/** What a source tells, one thing at a time. */
const told = async (types = false, trustDomain?: string) => {
  const queue: (Revision | readonly Kept[])[] = [];
  let wake: () => void = () => undefined;
  const push = (one: Revision | readonly Kept[]): void => {
    queue.push(one);
    wake();
  };
  let taken: Revision | undefined;
  let aboutMeshProxies: readonly Kept[] = [];
  const following = await folderSource(folder, { types, ...(trustDomain !== undefined && { trustDomain }) }).followed({
    taken: (revision) => void (taken = revision),
    warned: (_, ofMeshProxies) => {
      aboutMeshProxies = ofMeshProxies;
      if (taken !== undefined) push(taken);
    },
    broken: push,
  });
  return {
    ofMeshProxies: () => aboutMeshProxies,
    next: async () => {
      while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return queue.shift()!;
    },
    /** The next thing told that is so; edits may be told in several steps. */
    until: async (is: (one: Revision | readonly Kept[]) => boolean) => {
      for (;;) {
        while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const one = queue.shift()!;
        if (is(one)) return one;
      }
    },
    stop: following.stop,
  };
};

const whole = async (): Promise<string> => JSON.stringify((await compile(folder, { types: false })).value?.mesh);
const isLikeTheWhole = (text: string) => (one: Revision | readonly Kept[]) =>
  "mesh" in one && JSON.stringify(one.mesh) === text;

test("after every edit it tells what compiling all of the folder tells", async () => {
  writeFileSync(
    join(folder, "bookinfo/shared.ts"),
    'let made = 0;\nexport const seconds = () => `${(made += 1)}s` as const;\nexport const limit = "4s" as const;\n',
  );
  edited(
    "bookinfo/details.ts",
    "export default",
    'import { seconds } from "./shared.ts";\nexport const third = seconds();\nexport default',
  );
  const source = await told();
  await source.next();
  const edits: readonly (() => void)[] = [
    () => edited("bookinfo/reviews.ts", /50/g, "25"),
    () => edited("bookinfo/reviews.ts", /25/, "75"),
    // From here on it depends on what others called before it.
    () =>
      edited(
        "bookinfo/ratings.ts",
        "export default",
        'import { seconds } from "./shared.ts";\nexport const first = seconds();\nexport default',
      ),
    () => edited("bookinfo/shared.ts", '"4s"', '"5s"'),
    () => edited("bookinfo/ratings.ts", /import \{ seconds \}.*\n.*seconds\(\);\n/, ""),
    () => {
      // As editors save: beside it, then over it.
      const path = join(folder, "bookinfo/reviews.ts");
      writeFileSync(`${path}.tmp`, readFileSync(path, "utf8").replace("75", "10").replace("25", "90"));
      renameSync(`${path}.tmp`, path);
    },
    () => rmSync(join(folder, "edge"), { recursive: true }),
  ];
  for (const [index, edit] of edits.entries()) {
    edit();
    const expected = await whole();
    if (expected === undefined) throw new Error(`edit ${index} does not compile`);
    await source.until(isLikeTheWhole(expected));
  }
  await source.stop();
});

/** Processes of this one that wait for policies to evaluate. */
const sandboxes = (): readonly number[] =>
  readdirSync("/proc").flatMap((name) => {
    try {
      const parent = /^\d+$/.test(name)
        ? readFileSync(`/proc/${name}/stat`, "latin1").split(") ")[1]?.split(" ")[1]
        : "";
      const isOurs =
        Number(parent) === process.pid && readFileSync(`/proc/${name}/cmdline`, "utf8").includes("sandbox/child");
      return isOurs ? [Number(name)] : [];
    } catch {
      return [];
    }
  });

test.runIf(process.platform === "linux")("an edit outlives the process that was to evaluate it", async () => {
  const source = await told();
  await source.next();
  await expect.poll(() => sandboxes().length, { timeout: 10_000 }).toBe(1);
  const [waiting = 0] = sandboxes();
  process.kill(waiting, "SIGSTOP");
  edited("bookinfo/reviews.ts", /50/g, "25");
  await sleep(100);
  // Meanwhile another one, which is not lost with the first.
  edited("bookinfo/ratings.ts", "export default", "export const unused = 1;\nexport default");
  process.kill(waiting, "SIGKILL");
  edited("bookinfo/ratings.ts", "export const unused = 1;\n", "");
  await source.until(isLikeTheWhole(await whole()));
  await source.stop();
});

test("what does not compile is told with its line, and the mended policy is taken", async () => {
  const source = await told();
  await source.next();
  edited("bookinfo/reviews.ts", "uses:", "usess:");
  const broken = await source.next();
  expect(broken).toMatchObject([{ severity: "error", at: expect.stringContaining("bookinfo/reviews.ts:") as string }]);
  edited("bookinfo/reviews.ts", "usess:", "uses:");
  await source.until(isLikeTheWhole(await whole()));
  await source.stop();
});

test("a placement that appears is taken, and one that names nobody is told", async () => {
  const source = await told();
  await source.next();
  expect(source.ofMeshProxies()).toMatchObject([
    { code: "MESH5007", message: expect.stringContaining("no proxy is told anything") as string },
  ]);
  const path = join(folder, "placement.yaml");
  writeFileSync(path, "workloads: { bookinfo/reviews-v1: [{ address: 10.0.0.1 }] }\n");
  expect(await source.next()).toMatchObject({
    placement: { instances: { "bookinfo/reviews-v1": [{ address: "10.0.0.1" }] } },
  });
  writeFileSync(path, "workloads: { bookinfo/review-v1: [{ address: 10.0.0.1 }] }\n");
  expect(await source.next()).toMatchObject([
    { code: "MESH4050", at: expect.stringContaining("placement.yaml:1") as string },
  ]);
  await source.stop();
});

test("a type error is told where types are asked for", async () => {
  const source = await told(true);
  await source.next();
  edited("bookinfo/reviews.ts", "export default", "export const wrong: number = `text`;\nexport default");
  expect(await source.next()).toMatchObject([{ at: expect.stringContaining("bookinfo/reviews.ts:") as string }]);
  await source.stop();
});

test("a folder that is exchanged by symbolic link is followed", async () => {
  const link = `${folder}.link`;
  const other = `${folder}.other`;
  try {
    cpSync(folder, other, { recursive: true });
    symlinkSync(folder, link);
    const queue: Revision[] = [];
    const following = await folderSource(link, { types: false }).followed({
      taken: (revision) => queue.push(revision),
      warned: () => undefined,
      broken: (diagnostics) => {
        throw new Error(JSON.stringify(diagnostics));
      },
    });
    while (queue.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(
      join(other, "bookinfo/reviews.ts"),
      readFileSync(join(other, "bookinfo/reviews.ts"), "utf8").replaceAll("50", "5").replace("5", "95"),
    );
    symlinkSync(other, `${link}.next`);
    renameSync(`${link}.next`, link);
    while (queue.length === 1) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(JSON.stringify(queue.at(-1)?.mesh)).toBe(
      JSON.stringify((await compile(other, { types: false })).value?.mesh),
    );
    await following.stop();
  } finally {
    for (const path of [link, `${link}.next`, other]) rmSync(path, { recursive: true, force: true });
  }
});

test("a mesh of another trust domain than the roots' is not taken, until it is the old one again", async () => {
  const { next, until, stop } = await told(false, "cluster.local");
  expect(await next()).toHaveProperty("mesh");
  edited("graph/platform.json", '"trustDomain": "cluster.local"', '"trustDomain": "another.test"');
  expect(await until((one) => !("mesh" in one))).toMatchObject([
    { message: "the trust domain changed from cluster.local to another.test: restart mesh-control" },
  ]);
  edited("graph/platform.json", '"trustDomain": "another.test"', '"trustDomain": "cluster.local"');
  expect(await until((one) => "mesh" in one)).toBeDefined();
  await stop();
});
