import { expect, test } from "vitest";
import { sandbox } from "./evaluate.ts";
import { limitsFor } from "./evaluated.ts";
import { meshOf } from "./fixture.ts";
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
