import { describe, expect, test } from "vitest";
import { lexed } from "./module-lexer.ts";

const statements = (text: string) => {
  const found = lexed(text, { mayHoldTypes: false });
  return (
    found && {
      imports: found.imports.map(({ specifier, at }) => [specifier, text.slice(...at)]),
      exports: found.exports.map(({ name }) => name),
    }
  );
};

describe("finds what a module imports and exports", () => {
  test.each([
    ['import { a } from "x"; export const b = a;', [["x", '"x"']], ["b"]],
    [
      "import a from 'x'\nimport * as b from 'y'\nexport { a, b as c }",
      [
        ["x", "'x'"],
        ["y", "'y'"],
      ],
      ["a", "c"],
    ],
    [
      'export * from "x";export * as y from "z";',
      [
        ["x", '"x"'],
        ["z", '"z"'],
      ],
      [],
    ],
    [
      "const s = 'export const a = 1'; // export const b = 1\n/* export const c */ export const d = `export const ${`e`}`;",
      [],
      ["d"],
    ],
    ["const r = /export const a = 1;[/]/g; export const b = 1 / 2 / 3;", [], ["b"]],
    ["if (x) /import 'y'/.test(z); export default 1", [], ["default"]],
    ["const o = { export: 1, default: 2 }.export; o.import; export function f() {} export class C {}", [], ["f", "C"]],
    ["export const a = (1, 2)\nexport const b = [1, 2]\nconst c = 1", [], ["a", "b"]],
    ["export class A { #p = 1; q() { return this.#p / 2 / 1; } }", [], ["A"]],
    ["export function* g() { yield /x/ }", [], ["g"]],
  ])("%s", (text, imports, exports) => {
    expect(statements(text)).toEqual({ imports, exports });
  });
});

describe("leaves to a parser what only a parser knows", () => {
  test.each([
    "export const a = 1, b = 2;",
    "export const { a } = b;",
    "const a = {} / 1;",
    "a++ / 2",
    "import('x')",
    "f(import.meta)",
    "try { } catch { }",
    "const f = async () => 1",
    "@d class A {}",
    "import x from 'y' with { type: 'json' }",
    "import 'a\\x62'",
    "(",
    "`${",
    "/* no end",
    "'no end",
  ])("%s", (text) => {
    expect(lexed(text, { mayHoldTypes: false })).toBeUndefined();
  });
});

describe("reads a module that nobody has parsed yet, if it holds no types but the plainest", () => {
  test.each([
    "const a = { b: [1] } as const;",
    "f(`${a as const}`, (b as const))",
    'export const a: A<"x" | B> = 1;',
    'export const a: { /** It. */ readonly "b": B; } = 1;',
    'import type { A, B as C } from "x";',
  ])("%s", (text) => {
    expect(lexed(text, { mayHoldTypes: true })).toBeDefined();
  });

  test.each([
    "const as = 1;",
    "const a = b as\nconst;",
    "const a = b\nas const;",
    "const a = b as const\n(c)",
    "const a = b as B;",
    "const a = b<c>(d);",
    "const a = b ? (c) : d => e;",
    "export const a: A | B = 1;",
    "export let a: A;",
    'import a { b } from "x";',
    'import { type a } from "x";',
    'import { "a" } from "x";',
    'f import "x"',
    'import "x" f',
    "export default a, b",
    "class A { static\nb }",
    "declare\nconst a = 1;",
    "global\n{ a }",
    "export default [",
  ])("but not %s", (text) => {
    expect(lexed(text, { mayHoldTypes: true })).toBeUndefined();
  });
});
