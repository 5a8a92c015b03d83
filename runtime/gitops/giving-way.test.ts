import { expect, test } from "vitest";
import { givingWay } from "./giving-way.ts";

/** Somebody who changes an object so long after each time it was healed; the waits, in seconds. */
const fought = (afterMs: number, times: number): readonly number[] => {
  let at = 0;
  const way = givingWay(() => at);
  return Array.from({ length: times }, () => {
    at += afterMs;
    const wait = way.waitMs("a");
    at += wait;
    way.healed("a");
    return wait / 1000;
  });
};

test("whoever keeps at it is given way more and more, up to five minutes", () => {
  expect(fought(10, 13)).toEqual([0, 0, 0, 0, 0, 10, 20, 40, 80, 160, 300, 300, 300]);
});

test("a minute in which an object is left alone ends it, however long it was given way before", () => {
  let at = 0;
  const way = givingWay(() => at);
  for (let times = 0; times < 9; times += 1) {
    at += way.waitMs("a");
    way.healed("a");
  }
  expect([way.waitMs("a"), way.times("a")]).toEqual([160_000, 9]);
  at += 160_000;
  way.healed("a");
  at += 59_000;
  expect(way.waitMs("a")).toBe(300_000);
  at += 300_000;
  way.healed("a");
  at += 60_000;
  expect([way.waitMs("a"), way.times("a")]).toEqual([0, 0]);
});

test("whoever comes back less than five times a minute is never given way, and each object is counted by itself", () => {
  expect(new Set(fought(15_001, 50))).toEqual(new Set([0]));
  const way = givingWay(() => 0);
  for (let times = 0; times < 5; times += 1) way.healed("a");
  expect([way.waitMs("a"), way.waitMs("b")]).toEqual([10_000, 0]);
});
