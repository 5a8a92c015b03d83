import fc from "fast-check";
import { RE2 } from "re2-wasm";
import { expect, test } from "vitest";
import { accepts, type Pattern } from "./request-test.ts";

/** A text as RE2 matches it and nothing else. */
const escaped = (text: string): string =>
  text.replace(/[^A-Za-z0-9_]/gu, (character) => `\\x{${character.codePointAt(0)!.toString(16)}}`);

/** What the platform's own engine would be given for a pattern. */
const expression = ({ kind, value }: Pattern): string =>
  ({ exact: `^${escaped(value)}$`, prefix: `^${escaped(value)}`, suffix: `^(?s:.+)${escaped(value)}$` })[kind];

const text = fc.string({ unit: fc.constantFrom("/", "a", "b", ".", "%", "*", "é", "-", "\\", "$"), maxLength: 5 });

test("patterns hold of what RE2, which Envoy runs, matches with the same pattern", () => {
  fc.assert(
    fc.property(fc.constantFrom("exact", "prefix", "suffix"), text, text, text, (kind, value, before, after) => {
      const pattern = { kind, value } as const;
      for (const subject of [before, value, `${value}${after}`, `${before}${value}`, `${before}${value}${after}`])
        expect(accepts(pattern, subject)).toBe(new RE2(expression(pattern), "u").test(subject));
    }),
    { numRuns: 500 },
  );
});
