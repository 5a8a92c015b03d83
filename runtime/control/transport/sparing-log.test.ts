import { expect, test } from "vitest";
import { sparingLog } from "./sparing-log.ts";

test("a flood of lines is cut, and the next line says how many were left out", () => {
  let now = 0;
  const lines: unknown[] = [];
  const log = sparingLog(
    (entry) => lines.push(entry),
    { perSecond: 1, burst: 2 },
    () => now,
  );
  for (let index = 0; index < 10; index += 1) log({ index });
  now = 1000;
  log({ index: 10 });
  expect(lines).toEqual([{ index: 0 }, { index: 1 }, { index: 10, omitted: 8 }]);
});
