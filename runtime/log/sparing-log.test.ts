import { expect, test } from "vitest";
import type { LogEntry } from "./log.ts";
import { sparingLog } from "./sparing-log.ts";

const line = (index: number): LogEntry => ({ level: "info", event: "flooded", index });

test("a flood of lines is cut, and the next line says how many were left out", () => {
  let now = 0;
  const lines: unknown[] = [];
  const log = sparingLog(
    (entry) => lines.push(entry),
    { perSecond: 1, burst: 2 },
    () => now,
  );
  for (let index = 0; index < 10; index += 1) log(line(index));
  now = 1000;
  log(line(10));
  expect(lines).toEqual([line(0), line(1), { ...line(10), omitted: 8 }]);
});
