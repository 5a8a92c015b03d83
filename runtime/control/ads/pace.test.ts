import fc from "fast-check";
import { expect, test } from "vitest";
import { pace } from "./pace.ts";

test("whoever waits as told makes no more requests than the burst and so many a second", () => {
  fc.assert(
    fc.property(
      fc.record({ perSecond: fc.integer({ min: 1, max: 500 }), burst: fc.integer({ min: 1, max: 100 }) }),
      fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 200 }),
      (limits, pauses) => {
        const { taken } = pace(limits);
        let now = 0;
        let count = 0;
        for (const pause of pauses) {
          now += pause;
          count += 1;
          expect(count).toBeLessThanOrEqual(limits.burst + (now / 1000) * limits.perSecond + 1);
          now += taken(now);
        }
      },
    ),
  );
});

test("a burst does not wait", () => {
  const { taken } = pace({ perSecond: 1, burst: 3 });
  expect([taken(0), taken(0), taken(0)]).toEqual([0, 0, 0]);
  expect(taken(0)).toBeGreaterThan(0);
});
