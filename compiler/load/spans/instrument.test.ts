import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { instrument, type Sites } from "./instrument.ts";
import { linkable } from "../linking/linkable.ts";
import { printed } from "../linking/printed.ts";
import { trace } from "../sandbox/trace.ts";
import { stripped } from "../linking/stripped.ts";
import { typescript } from "../linking/syntax.ts";

type Body = (link: (specifier: string) => object, exports: Record<string, unknown>, trace: unknown) => void;

/** Evaluated here, in this process: the texts are our own. */
const exportsOf = (code: string, functions: object | undefined): Record<string, unknown> => {
  const exports: Record<string, unknown> = {};
  const body = (0, eval)(code) as Body;
  body(() => ({ given: [1, { two: 2 }], key: "k", f: (x: unknown) => x }), exports, functions);
  return exports;
};

const both = async (text: string) => {
  const ts = await typescript();
  const sites: Sites = { sites: [], literals: [] };
  const made = linkable(printed(ts, "a.ts", text, instrument(sites)(ts, "a.ts")).text)!;
  const plain = linkable(stripped(text)!) ?? linkable(printed(ts, "a.ts", text).text)!;
  return { plain: exportsOf(plain.code, undefined), traced: exportsOf(made.code, trace(sites.literals).functions) };
};

const texts: readonly (readonly [what: string, text: string])[] = [
  [
    "literals and spreads",
    `import { given, key } from "x"; const b = { x: 1, ...{ y: 2 }, [key]: 3, [Symbol.iterator]: 0, ...null, ..."ab", ...[9] }; export default [b, [...given, ...new Set([1, 2]), ..."cd", , 5], [,], { ...given }];`,
  ],
  [
    "names",
    `import { key } from "x"; let n = 0; export default { a: 1, "b c": 2, 3: 3, 0x10: 4, 1e3: 5, [key + n++]: n, [\`\${key}!\`]: n, get g() { return 7; }, m() { return this.a; } }.m();`,
  ],
  [
    "patterns",
    `import { given } from "x"; let a, b, rest, o = {}; [a, { two: b = 5 }] = given; [o.x, o["y"], ...rest] = [1, 2, 3, 4]; ({ a, ...o.r } = { a: 1, z: 2 }); for ([a] of [[1], [2]]) o.last = a; for (o.k in { p: 1 }) o.n = o.k; export default { a, b, rest, o };`,
  ],
  [
    "assignments",
    `const o = { list: [], n: 0 }; let i = 0; o.list[i++] = i; o["n"] += 2; o.n++; (o).m = o.q = { z: 1 }; o?.list.push(4); export default [o, i, o.n = 9];`,
  ],
  [
    "conditionals",
    `const c = [true][0]; export default { a: c ? 1 : 2, b: !c ? { x: 1 } : { y: c ? [1] : [2] }, d: null ?? "d", e: 0 || "e", f: c && (!c || "f"), g: [c ? "g" : 0, undefined ?? [1]], h: (c ? 1 : 2) + 1 };`,
  ],
  [
    "calls",
    `import { f } from "x"; class A { v = 1; #p = 2; static s = [3]; constructor(x) { this.x = x; } get p() { return this.#p; } m(...xs) { return [this.v, ...xs]; } } class B extends A { constructor() { super({ a: 1 }); super.q = 3; } m(...xs) { return super.m(...xs); } } const o = { f, n: null }; const b = new B(); export default [o.f({ a: 1 }), o.n?.x.y(), o?.f?.([1]), f\`a\${1}\`.raw, b.m(1, 2), b.p, b.x, b.q, A.s, new A(1).x, f(f)(2), (0, o.f)(3)];`,
  ],
  [
    "functions",
    `const sum = (...xs) => xs.reduce((a, b) => a + b, 0); function* up(n = { from: 1 }) { yield* [n.from, { y: yield 2 }]; } const rec = ({ a: [first = 1] = [], ...rest } = { z: 1 }) => ({ first, rest }); export default [sum(...[1, 2], 3), [...up()], rec(), rec({ a: [5], b: 6 }), (function () { return arguments.length; })(1, 2), (() => { return { a: [1] }; })()];`,
  ],
  [
    "statements",
    `const out = []; label: for (const x of [1, 2, 3]) { switch (x) { case 2: continue label; default: out.push({ x }); } } do { out.push(1); } while (out.length < 4); for (let i = { n: 0 }; i.n < 2; i.n++) out.push([i.n]); if (out) out.push("if"); else throw { no: 1 }; const { length } = out; export { length }; export default out;`,
  ],
  [
    "types",
    `interface T { readonly a?: number } const a = { a: 1 } satisfies T as T; const b = <X,>(x: X): X => x; export default [a!.a, b<T>({ a: 2 }), ({ a: 3 } as const).a, [1, 2] as unknown];`,
  ],
];

test.each(texts)("an instrumented module says the same: %s", async (_, text) => {
  const { plain, traced } = await both(text);
  expect(plain["default"]).toBeDefined();
  expect(traced).toEqual(plain);
});

test("so does our own library", async () => {
  const text = readFileSync(new URL("../../../lib/intent/access.ts", import.meta.url), "utf8");
  const { plain, traced } = await both(
    `${text}\nexport default [allow({ from: "anyone", methods: ["GET"] }), deny({ from: "authenticated" })];`,
  );
  expect(traced["default"]).toEqual(plain["default"]);
});
