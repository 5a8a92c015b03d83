import fc from "fast-check";
import { expect, test } from "vitest";
import { accepts, type Pattern } from "./request-test.ts";
import { stringRegions } from "./string-regions.ts";

/** Every string of two letters that patterns of at most four can tell apart. */
const texts = (most: number): readonly string[] =>
  most === 0 ? [""] : ["", ...["a", "b"].flatMap((letter) => texts(most - 1).map((rest) => `${letter}${rest}`))];

const value = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 4 });

const foundAndThere = (patterns: readonly Pattern[], root: string, all: readonly string[]) => {
  const regions = stringRegions(patterns, {
    familiar: [],
    root,
    isPossible: (text) => text.startsWith(root) && /^[ab]*$/.test(text.slice(root.length)),
  });
  const key = (text: string): string => patterns.map((pattern) => Number(accepts(pattern, text))).join("");
  return [new Set(regions.map(({ sample }) => key(sample))), new Set(all.map(key))];
};

test("every region of prefixes has a sample, even where an author has covered every letter but one", () => {
  const pattern = fc.record({
    kind: fc.constantFrom("exact" as const, "prefix" as const),
    value: value.map((text) => `/${text}`),
  });
  const all = [...new Set(texts(6))].map((text) => `/${text}`);
  fc.assert(
    fc.property(fc.uniqueArray(pattern, { maxLength: 9, selector: (one) => JSON.stringify(one) }), (patterns) => {
      const [found, there] = foundAndThere(patterns, "/", all);
      expect(found).toEqual(there);
    }),
    { numRuns: 500 },
  );
});

test("and every region of suffixes", () => {
  const pattern = fc.record({ kind: fc.constantFrom("exact" as const, "suffix" as const), value });
  const all = [...new Set(texts(6))];
  fc.assert(
    fc.property(fc.uniqueArray(pattern, { maxLength: 9, selector: (one) => JSON.stringify(one) }), (patterns) => {
      const [found, there] = foundAndThere(patterns, "", all);
      expect(found).toEqual(there);
    }),
    { numRuns: 500 },
  );
});
