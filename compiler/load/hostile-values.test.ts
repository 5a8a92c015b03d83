import { describe, expect, test } from "vitest";
import { loaded, once, toldOfEach } from "./fixture.ts";

describe("hostile values are told, and none of their code runs for it", () => {
  const values: readonly (readonly [name: string, text: string, told: readonly string[]])[] = [
    ["a function", "export default { a: { b: () => 1 } };", ["MESH0022 a.ts: () => 1"]],
    [
      "a thenable",
      "export default { then: (resolve: any) => resolve(1) };",
      ["MESH0022 a.ts: (resolve: any) => resolve(1)"],
    ],
    ["toJSON", "export default { a: { toJSON: () => 'x' } };", ["MESH0022 a.ts: () => 'x'"]],
    ["a getter", "export default { get a() { for (;;); } };", ["MESH0022 a.ts: get a() { for (;;); }"]],
    [
      "Symbol.toPrimitive",
      "export default { a: { [Symbol.toPrimitive]: () => 1 } };",
      ["MESH0022 a.ts: { [Symbol.toPrimitive]: () => 1 }"],
    ],
    ["a symbol", 'export default { a: Symbol("x") };', ['MESH0022 a.ts: Symbol("x")']],
    ["a big integer", "export default { a: 1n };", ["MESH0022 a.ts: 1n"]],
    ["not a number", "export default { weight: 0 / 0 };", ["MESH0022 a.ts: 0 / 0"]],
    ["infinity", "export default { weights: [1, 1 / 0] };", ["MESH0022 a.ts: 1 / 0"]],
    ["undefined in a list", "export default { a: [1, undefined] };", ["MESH0022 a.ts: undefined"]],
    ["a hole", "export default { a: [1, , 2] };", ["MESH0022 a.ts: [1, , 2]"]],
    ["a map", "export default { a: new Map([[1, 2]]) };", ["MESH0022 a.ts: new Map([[1, 2]])"]],
    ["a class instance", "class A { x = 1; }\nexport default { a: new A() };", ["MESH0022 a.ts: new A()"]],
    ["an error", 'export default { a: new Error("x") };', ['MESH0022 a.ts: new Error("x")']],
    ["a regular expression", "export default { a: /x/ };", ["MESH0022 a.ts: /x/"]],
    ["a cycle", "const a: any = { b: {} };\na.b.c = a;\nexport default a;", ["MESH0022 a.ts: a"]],
    [
      "__proto__",
      `export default JSON.parse('{"__proto__": {"admin": true}}');`,
      [`MESH0022 a.ts: JSON.parse('{"__proto__": {"admin": true}}')`],
    ],
    ["__proto__, computed", 'export default { a: { ["__proto__"]: 1 } };', ["MESH0022 a.ts: 1"]],
    [
      "a prototype of its own",
      "export default { a: Object.create({ b: 1 }) };",
      ["MESH0022 a.ts: Object.create({ b: 1 })"],
    ],
    [
      "a hidden property",
      'export default { a: Object.defineProperty({}, "b", { value: 1 }) };',
      ['MESH0022 a.ts: Object.defineProperty({}, "b", { value: 1 })'],
    ],
    ["half a surrogate pair", 'export default { a: "\\ud800" };', ['MESH0022 a.ts: "\\ud800"']],
    [
      "deep nesting",
      "let a: unknown = 1;\nfor (let i = 0; i < 1e5; i++) a = [a];\nexport default { a };",
      ["MESH0022 a.ts: a"],
    ],
    ["a generator", "function* g() { yield 1; }\nexport default { a: g() };", ["MESH0022 a.ts: g()"]],
    ["undefined itself", "export default undefined;", ["MESH0022 a.ts: undefined"]],
    ["each of several", "export default { a: 1n, b: [NaN], c: 1 };", ["MESH0022 a.ts: 1n", "MESH0022 a.ts: NaN"]],
  ];
  const found = once(() => toldOfEach(values.map(([, text]) => text)));
  test.each(values.map(([name, , expected], index) => ({ name, expected, index })))(
    "$name",
    async ({ expected, index }) => {
      expect((await found())[index]).toEqual(expected);
    },
  );

  const thrown: readonly (readonly [name: string, text: string, told: string])[] = [
    ["a string", 'throw "x";', '"x"'],
    ["nothing", "throw undefined;", "undefined"],
    ["a symbol", "const s = Symbol();\nthrow s;", "s"],
    [
      "an object with a hostile message",
      "throw { get message() { for (;;); }, get stack() { for (;;); } };",
      "{ get message() { for (;;); }, get stack() { for (;;); } }",
    ],
    [
      "an error with a hostile name",
      'const e = new Error("x");\nObject.defineProperty(e, "name", { get() { for (;;); } });\nthrow e;',
      "e",
    ],
    ["a function", "throw () => { for (;;); };", "() => { for (;;); }"],
    ["a class of its own", 'class Mine extends Error {}\nthrow new Mine("x");', 'new Mine("x")'],
  ];
  const failed = once(() => toldOfEach(thrown.map(([, text]) => `${text}\nexport default {};`)));
  test.each(thrown.map(([name, , expected], index) => ({ name, expected, index })))(
    "thrown: $name",
    async ({ expected, index }) => {
      expect((await failed())[index]).toEqual([`MESH0021 a.ts: ${expected}`]);
    },
  );

  test("what a policy throws cannot draw on a terminal", async () => {
    const { diagnostics } = await loaded({ "a.ts": 'throw new Error("\\x1b[2J\\r\\n\\u202eevil");' });
    expect(diagnostics[0]!.message).toBe("a.ts failed: Error: [2J evil");
  });
});
