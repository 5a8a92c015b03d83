import fc from "fast-check";
import { expect, test } from "vitest";
import { unfit } from "./plain-data.ts";

const plain = fc.jsonValue({ depthSize: "medium" }).filter((value) => !JSON.stringify(value).includes("__proto__"));

test("every JSON value is plain, and only JSON values are", () => {
  fc.assert(fc.property(plain, (value) => {
    expect(unfit(value, { left: 1e9 })).toEqual([]);
  }));
  const odd = fc.oneof(fc.bigInt(), fc.func(fc.nat()), fc.date(), fc.constantFrom(NaN, Infinity, Symbol(), new Map(), /x/, Object.create({})));
  fc.assert(
    fc.property(plain, odd, fc.string(), (before, value, key) => {
      fc.pre(key !== "__proto__");
      const found = unfit({ before, in: [{ [key]: value }] }, { left: 1e9 });
      expect(found.map(({ path }) => path)).toEqual([["in", 0, key]]);
    }),
  );
});

test("no code of a value's author runs", () => {
  const trap = (): never => {
    throw new Error("ran");
  };
  const handler = new Proxy({}, { get: trap });
  const values: readonly unknown[] = [
    new Proxy({}, handler),
    new Proxy([], handler),
    new Proxy(() => 1, handler),
    Object.defineProperty({}, "a", { get: trap, enumerable: true }),
    Object.defineProperty([1], 0, { get: trap, enumerable: true }),
    { toJSON: trap, toString: trap, valueOf: trap, [Symbol.toPrimitive]: trap },
    Object.create(new Proxy({}, handler)),
    Object.defineProperty(Promise.resolve(), "then", { get: trap }),
  ];
  for (const value of values) expect(unfit({ value }, { left: 1000 })).not.toEqual([]);
});

test("a small graph that unfolds without end stops at the budget", () => {
  let value: unknown = ["x"];
  for (let depth = 0; depth < 60; depth += 1) value = [value, value];
  const budget = { left: 10_000 };
  unfit(value, budget);
  expect(budget.left).toBeLessThan(0);
});
