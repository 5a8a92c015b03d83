import fc from "fast-check";
import { expect, test } from "vitest";
import { backoff } from "./backoff.ts";

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("doubles from five seconds to five minutes, half of it left to chance", () => {
  expect([1, 2, 3, 6, 7, 8, 5000].map((attempt) => backoff(attempt, undefined, () => 0.999_999))).toEqual([
    5_000, 10_000, 20_000, 160_000, 300_000, 300_000, 300_000,
  ]);
  expect([1, 2, 7].map((attempt) => backoff(attempt, undefined, () => 0))).toEqual([2_500, 5_000, 150_000]);
});

test("is never less than the server asked for, up to an hour, nor than without its wish", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50 }), fc.nat(10_000_000), random, (attempt, retryAfterMs, chance) => {
      const delay = backoff(attempt, { retryAfterMs }, () => chance);
      expect(delay).toBeGreaterThanOrEqual(Math.min(retryAfterMs, 3_600_000));
      expect(delay).toBeGreaterThanOrEqual(backoff(attempt, undefined, () => chance));
      expect(delay).toBeLessThanOrEqual(3_600_000 + 150_000);
    }),
  );
});
