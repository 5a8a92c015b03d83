import { expect, test } from "vitest";
import { istiodSteps } from "./istiod-steps.ts";

test("a step's mean is that of the time between the readings, over all labels", () => {
  const reading = (sum: number, count: number): string =>
    [
      `pilot_xds_push_time_sum{type="cds"} ${sum}`,
      `pilot_xds_push_time_sum{type="rds"} ${sum}`,
      `pilot_xds_push_time_count{type="cds"} ${count}`,
      `pilot_xds_push_time_count{type="rds"} ${count}`,
    ].join("\n");
  const line = istiodSteps(reading(1, 10), reading(1.5, 20)).find((each) => each.includes("one type"));
  expect(line).toContain("50.00 ms × 20");
});
