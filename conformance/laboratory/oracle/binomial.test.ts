import { expect, test } from "vitest";
import { binomialTest } from "./binomial.ts";

test("agrees with values worked out by hand", () => {
  expect(binomialTest(5, 10, 0.5)).toBeCloseTo(1, 10);
  expect(binomialTest(0, 10, 0.5)).toBeCloseTo(2 / 1024, 10);
  expect(binomialTest(1, 10, 0.5)).toBeCloseTo(22 / 1024, 10);
  expect(binomialTest(0, 3, 0.1)).toBeCloseTo(1, 10);
  expect(binomialTest(3, 3, 0.1)).toBeCloseTo(0.001, 10);
});

test("a share that is not what it should be is nearly impossible in a thousand requests", () => {
  expect(binomialTest(200, 1000, 0.1)).toBeLessThan(1e-15);
  expect(binomialTest(100, 1000, 0.1)).toBeGreaterThan(0.9);
});

test("what cannot happen has probability zero", () => {
  expect(binomialTest(1, 1000, 0)).toBe(0);
  expect(binomialTest(999, 1000, 1)).toBe(0);
});
