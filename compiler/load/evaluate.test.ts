import { expect, test } from "vitest";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sandbox, sandboxAhead } from "./evaluate.ts";
import { limitsFor } from "./evaluated.ts";
import { meshOf } from "./fixture.ts";
import { load, loading, readyToReload, reloaded } from "./index.ts";
import { defaultLimits } from "./sandbox/limits.ts";
import { meshFolder } from "./mesh-folder.ts";

/** What a module says, of a sandbox that was told not to count. */
const uncounted = async (value: string) => {
  const settings = { environment: undefined, largestResult: 1e12 };
  const running = sandbox(settings, { seconds: 20, megabytes: 256, resultMegabytes: 1 });
  running.send({
    code: `((link, exports) => { exports.default = ${value}; })`,
    isParsed: true,
    links: {},
    asked: true,
    ours: false,
  });
  return running.outcome();
};

test("what comes back is counted before it is parsed", async () => {
  // 400 kB of the 2 MB of text that are read.
  expect(await uncounted("Array(200_000).fill(0)")).toMatchObject({ kind: "size", module: 0 });
  expect(await uncounted("Array(130_000).fill({})")).toMatchObject({ kind: "size", module: 0 });
});

test("what is written in a text is no value", async () => {
  const word = '\\",[{';
  const found = await uncounted(`${JSON.stringify(word)}.repeat(50_000)`);
  expect(found.kind === "outcome" && found.values[0]?.value === word.repeat(50_000)).toBe(true);
});

test("more policies may say more, and never more than half of what this process can hold", () => {
  const mesh = meshFolder(meshOf({})).value!;
  const megabytes = (count: number): number =>
    limitsFor({ ...mesh, policies: Array.from({ length: count }, String) }).resultMegabytes;
  expect([megabytes(1), megabytes(5000)]).toEqual([129, 228]);
  expect(megabytes(1e7)).toBeLessThanOrEqual(2000);
});

const handles = {
  "mesh.config.ts":
    'import { mesh } from "meshwright";\nexport default mesh({ folders: { ".": ["shop"] }, environments: ["staging"], defaults: { mtls: "strict", access: "nobody" } });\n',
  "graph/base.ts": 'export const namespace = "shop";\n',
  // As somebody may edit one by hand: what it tells is told of it, whenever it is evaluated.
  "graph/shop.ts":
    'import { vary } from "meshwright";\nimport { namespace } from "./base.ts";\nexport const word = vary({ default: `${namespace}/a`, staging: "b" });\n',
  "a.ts": 'import { word } from "#graph/shop";\nexport default [word];\n',
  "b.ts": "export default [];\n",
};

test("what is evaluated ahead of an edit changes nothing of what the edit says", async () => {
  const folder = meshOf(handles);
  const { memory } = await loading(folder, { types: false });
  if (memory === undefined) throw new Error("it does not load");
  for (const [file, text, handle] of [
    ["a.ts", 'import { word } from "#graph/shop";\nexport default [word, word];\n'],
    ["b.ts", 'import { vary } from "meshwright";\nexport default [vary({ default: "c", staging: "d" })];\n'],
    // Those that changed meanwhile are not those that were evaluated.
    [
      "a.ts",
      'import { word } from "#graph/shop";\nexport default [`${word}!`];\n',
      'export const namespace = "bank";\n',
    ],
  ] as const) {
    readyToReload(memory, {});
    writeFileSync(join(folder, file), text);
    if (handle !== undefined) writeFileSync(join(folder, "graph/base.ts"), handle);
    const edited = await reloaded(memory, new Set([file]), {});
    const whole = await load(meshOf({ ...handles, [file]: text, ...(handle && { "graph/base.ts": handle }) }), {
      types: false,
    });
    const said = (loaded: typeof whole.value) => [
      loaded?.modules.find(({ module }) => module === file),
      loaded?.environments.filter(({ module }) => module === file || module.startsWith("graph/")),
    ];
    expect(said(edited?.loaded)).toEqual(said(whole.value));
    writeFileSync(join(folder, file), handles[file]);
  }
});

test("a handle that stands on a policy is evaluated with it, and not ahead", async () => {
  const folder = meshOf({
    ...handles,
    "shared.ts": "export const word = 1;\n",
    "graph/shop.ts": 'export { word } from "../shared.ts";\n',
  });
  const { memory } = await loading(folder, { types: false });
  if (memory === undefined) throw new Error("it does not load");
  expect([...memory.ahead.keys()].filter((module) => module.startsWith("graph/"))).toEqual([]);
  expect(await reloaded(memory, new Set(["a.ts"]), {})).toBeUndefined();
});

test("a process that was told other settings ahead is not used", async () => {
  const ahead = new Map();
  sandboxAhead({ environment: "staging" }, defaultLimits, ahead);
  const other = sandbox({ environment: "production" }, defaultLimits);
  expect(other.ahead).not.toBe(ahead);
  other.stop();
  sandboxAhead({ environment: "staging" }, defaultLimits, ahead);
  const same = sandbox({ environment: "staging" }, defaultLimits);
  expect(same.ahead).toBe(ahead);
  same.stop();
});
