import fc from "fast-check";
import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

const distance = (a: string, b: string): number => {
  const at = (i: number, j: number): number => {
    if (i === 0 || j === 0) return i + j;
    const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
    return Math.min(
      at(i - 1, j) + 1,
      at(i, j - 1) + 1,
      at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
      ...(swapped ? [at(i - 2, j - 2) + 1] : []),
    );
  };
  return at(a.length, b.length);
};

const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });

test("it is what comparing with each candidate finds, the first by code units of equally near ones", () => {
  fc.assert(
    fc.property(word, fc.array(word, { maxLength: 6 }), (asked, candidates) => {
      const near = candidates
        .map((candidate) => ({ candidate, away: distance(asked, candidate) }))
        .filter(({ candidate, away }) => away <= Math.max(1, Math.floor(Math.max(asked.length, candidate.length) / 3)));
      const least = Math.min(...near.map(({ away }) => away));
      const [first] = near
        .filter(({ away }) => away === least)
        .map(({ candidate }) => candidate)
        .sort();
      expect(nearest(asked, candidates)).toBe(first);
    }),
  );
});

test("what it takes is bounded, whoever chose the names", () => {
  function* endless(): Generator<string> {
    yield `${"a".repeat(199)}b`;
    for (let nth = 0; ; nth += 1) yield String(nth).padStart(200, "b");
  }
  expect(nearest("a".repeat(200), endless())).toBe(`${"a".repeat(199)}b`);
  const unread = {
    [Symbol.iterator]: (): Iterator<string> => {
      throw new Error("read");
    },
  };
  expect(nearest("a".repeat(10_000), unread)).toBeUndefined();
  // A table of their distances would not fit into memory.
  expect(nearest("a".repeat(200), ["a".repeat(2 ** 28), "a".repeat(201)])).toBe("a".repeat(201));
});
