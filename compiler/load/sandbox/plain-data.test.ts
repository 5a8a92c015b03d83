import fc from "fast-check";
import { expect, test } from "vitest";
import { plainCheck, valueUnits, type PlainCheck } from "./plain-data.ts";

const unfit: PlainCheck = (value, budget) => plainCheck()(value, budget);

const plain = fc.jsonValue({ depthSize: "medium" }).filter((value) => !JSON.stringify(value).includes("__proto__"));

test("every JSON value is plain, and only JSON values are", () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(unfit(value, { left: 1e9 })).toEqual([]);
    }),
  );
  const odd = fc.oneof(
    fc.bigInt(),
    fc.func(fc.nat()),
    fc.date(),
    fc.constantFrom(NaN, Infinity, Symbol(), new Map(), /x/, Object.create({})),
  );
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

test("values count for what they take, not for how short they are written", () => {
  for (const value of [{}, [], 0, "", null]) {
    const budget = { left: 1e6 };
    expect(
      unfit(
        Array.from({ length: 10_000 }, () => value),
        budget,
      ),
    ).toEqual([]);
    expect(budget.left).toBe(1e6 - 10_001 * valueUnits);
  }
});

test("what is frozen to its leaves is looked at once and counts every time; what is not is looked at again", () => {
  const check = plainCheck();
  const inner: Record<string, unknown> = { text: "x".repeat(100) };
  const half = Object.freeze({ inner });
  const handle = Object.freeze({ inner: Object.freeze({ text: "x".repeat(100) }) });
  const budget = { left: 10_000 };
  for (const value of [handle, { a: handle, b: [handle] }]) expect(check(value, budget)).toEqual([]);
  // Three times a handle, of three values each, and what holds two of them.
  expect(budget.left).toBe(10_000 - 3 * (3 * valueUnits + "innertext".length + 100) - 2 * valueUnits - "ab".length);
  expect(check(half, budget)).toEqual([]);
  inner["text"] = () => 1;
  expect(check(half, budget)).toEqual([{ path: ["inner", "text"], what: "a function" }]);

  let nested: unknown = Object.freeze([1]);
  for (let depth = 1; depth < 60; depth += 1) nested = Object.freeze([nested]);
  expect(check(nested, { left: 1e6 })).toEqual([]);
  let deeper = nested;
  for (let depth = 0; depth < 60; depth += 1) deeper = [deeper];
  expect(check(deeper, { left: 1e6 }).map(({ what }) => what)).toEqual(["data nested more than 100 levels deep"]);
});

test("an object found unfit is told each time", () => {
  const check = plainCheck();
  const bad = Object.freeze({ list: Object.freeze([Object.freeze({ f: () => 1 })]) });
  for (let round = 0; round < 2; round += 1) expect(check({ bad }, { left: 1000 })).toHaveLength(1);
});
