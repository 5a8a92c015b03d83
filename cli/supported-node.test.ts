import { expect, test } from "vitest";
import { isInRange } from "./supported-node.ts";

const range = "^22.22.2 || ^24.15.0 || >=26";

test.each(["22.22.2", "22.23.0", "24.15.0", "26.0.0", "26.10.0", "30.1.0"])("%s runs it", (version) => {
  expect(isInRange(version, range)).toBe(true);
});

test.each(["18.20.0", "20.20.2", "22.22.1", "22.2.30", "23.99.0", "24.14.9", "25.1.0"])("%s does not", (version) => {
  expect(isInRange(version, range)).toBe(false);
});
