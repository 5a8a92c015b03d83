import { expect, test } from "vitest";
import { shared } from "./shared.ts";

const before = { list: [{ a: 1 }, { a: 2 }, { a: 3 }], other: { deep: ["x"] } };

test("equal data is what it was", () => {
  expect(shared(before, structuredClone(before))).toBe(before);
});

test.each([
  ["changed", [{ a: 1 }, { a: 9 }, { a: 3 }], [0, undefined, 2]],
  ["inserted", [{ a: 1 }, { a: 9 }, { a: 2 }, { a: 3 }], [0, undefined, 1, 2]],
  ["taken away", [{ a: 1 }, { a: 3 }], [0, 2]],
  ["added at the end", [{ a: 1 }, { a: 2 }, { a: 3 }, { a: 9 }], [0, 1, 2, undefined]],
  ["taken away at the end", [{ a: 1 }, { a: 2 }], [0, 1]],
  ["all gone", [], []],
])("a member %s leaves its neighbours as they were", (_, list, kept) => {
  const after = { ...structuredClone(before), list: structuredClone(list) };
  const result = shared(before, after);
  expect(result).toEqual(after);
  expect(result.other).toBe(before.other);
  kept.forEach((index, at) => {
    if (index !== undefined) expect(result.list[at]).toBe(before.list[index]);
  });
});

test("a property that is absent is not one that is undefined", () => {
  const after = { list: before.list } as Partial<typeof before>;
  expect(shared<Partial<typeof before>>(before, after)).toEqual(after);
  expect(Object.keys(shared<object>({ a: undefined }, { b: undefined }))).toEqual(["b"]);
});

test("a list is no record with numbers for names, and `__proto__` is a name like another", () => {
  expect(shared<unknown>({ 0: "x" }, ["x"])).toEqual(["x"]);
  const after = JSON.parse('{"__proto__":{"polluted":true}}') as object;
  const result = shared<object>({}, after);
  expect(Object.keys(result)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
});
