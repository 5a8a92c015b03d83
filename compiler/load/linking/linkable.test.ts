import fc from "fast-check";
import { expect, test } from "vitest";
import { linkable } from "./linkable.ts";
import { stripped } from "./stripped.ts";

const modules = [
  `import { allow, policy } from "meshwright";
import type { T } from "./t.ts";
const t = { a: "6s", b: [1, 2] } as const;
export const u: Handle<"a" | "b"> = { x: 1 };
export default policy(t, { r: [f({ to: g(u, { v1: 90 }), ...t })], m: "s" });
`,
  `import a, { b as c } from "x";
const f = (x) => x ? (c) : d => e;
export { f, a as g };
for (const q of [1]) { f(q as const) }
export function h(z) { return z / 2; }
`,
  `const x = y as const, z = (w as const);
export * from "k";
if (x) { z(); } else z[1] as const;
export default [\`a\${b as const}c\`, /re/g];
`,
  `type A = 1;
interface B { c: A }
let v: A;
export type { A };
function g<T>(a: T): T { return a! }
export default g<A>(1 as A) satisfies A;
`,
].map((text) => text.match(/\s+|[\w$]+|"[^"]*"|./gs) ?? []);

const words = [
  ..."a as const type import export from default interface namespace module declare abstract global let var".split(" "),
  ..."function class return if else for of new satisfies { } ( ) [ ] < > , ; : ? ! = => | + / 1 as".split(" "),
  ...["\n", " as const", " as const;", '"x"', "`t`", "/* c */", "// c\n", ": T", "<T>", "?:", "??", "?."],
];

/** A module with a few of its tokens gone, others put in. */
const mutated = fc
  .record({
    module: fc.constantFrom(...modules),
    from: fc.option(fc.nat(80), { freq: 1 }),
    length: fc.nat(80),
    changes: fc.array(
      fc.record({ at: fc.nat(80), without: fc.nat(1), words: fc.array(fc.constantFrom(...words), { maxLength: 1 }) }),
      { maxLength: 4 },
    ),
  })
  .map(({ module, from, length, changes }) => {
    const tokens = from === null ? [...module] : module.slice(from, from + 3 + length);
    for (const { at, without, words: put } of changes)
      tokens.splice(at % (tokens.length + 1), without, ...put.map((word) => ` ${word} `));
    return tokens.join("");
  });

/** Erased types leave spaces, or a semicolon; comments stay or go. */
const meaning = (code: string): string => code.replace(/\/\*.*?\*\/|\/\/.*|[\s;]/g, "");

test("a module read without a parser is what a parser makes of it, wherever both read it", () => {
  let compared = 0;
  fc.assert(
    fc.property(mutated, (text) => {
      const quick = linkable(text, { mayHoldTypes: true });
      const plain = quick === undefined ? undefined : stripped(text);
      const thorough = plain === undefined ? undefined : linkable(plain);
      if (quick === undefined || thorough === undefined) return;
      compared += 1;
      expect(meaning(quick.code)).toBe(meaning(thorough.code));
      expect(quick.exports).toEqual(thorough.exports);
      expect(quick.imports.map(({ specifier, bindings }) => [specifier, bindings])).toEqual(
        thorough.imports.map(({ specifier, bindings }) => [specifier, bindings]),
      );
    }),
    { numRuns: 20_000 },
  );
  expect(compared).toBeGreaterThan(1000);
});
