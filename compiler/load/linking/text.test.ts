import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { valueOf } from "../fixture.ts";

describe("text that a JavaScript sandbox would refuse or change arrives byte-identical", () => {
  const words = [
    "import(",
    "import (",
    "import/*",
    "import//",
    "...import(",
    "<!--",
    "-->",
    "<!---->",
    "eval(",
    "x.eval(",
    "import.meta",
    "//# sourceMappingURL=x",
    "</script",
    "*/",
    "`${x}`",
  ];

  test.each(words)("in strings, templates, keys and comments: %s", async (word) => {
    const inTemplate = word.replace(/[`$]/g, "\\$&");
    const text = `
      // ${word}
      /* ${word.replace("*/", "")} */
      const key = ${JSON.stringify(word)};
      export default {
        double: ${JSON.stringify(word)},
        single: '${word}',
        ${JSON.stringify(word)}: 1,
        [\`\${key}!\`]: 2,
        template: \`${inTemplate}\`,
        hole: \`a\${1}${inTemplate}\${2}b ${inTemplate}\`,
        joined: ${JSON.stringify(word.slice(0, 3))} + ${JSON.stringify(word.slice(3))},
        list: [${JSON.stringify(word)}],
      };`;
    expect(await valueOf(text)).toEqual({
      double: word,
      single: word,
      [word]: 1,
      [`${word}!`]: 2,
      template: word,
      hole: `a1${word}2b ${word}`,
      joined: word,
      list: [word],
    });
  });

  test("in tagged templates, cooked and raw, with the tag's receiver", async () => {
    const text = `
      const tags = {
        name: "n",
        show(strings: TemplateStringsArray, ...values: unknown[]) {
          return { name: this.name, cooked: [...strings], raw: [...strings.raw], values, frozen: Object.isFrozen(strings) && Object.isFrozen(strings.raw) };
        },
      };
      export default [tags.show\`import(\\n\${1}<!--\\u0041 --> \${2}eval(\`, tags.show\`import(\\x41\`];`;
    expect(await valueOf(text)).toEqual([
      {
        name: "n",
        cooked: ["import(\n", "<!--A --> ", "eval("],
        raw: ["import(\\n", "<!--\\u0041 --> ", "eval("],
        values: [1, 2],
        frozen: true,
      },
      { name: "n", cooked: ["import(A"], raw: ["import(\\x41"], values: [], frozen: true },
    ]);
  });

  test("in regular expressions", async () => {
    const text = `
      const res = [/import(x)/gi, /a<!--b/, /[/>]-->/u, /eval(?:y)/, /\\/import(z)/];
      export default { sources: res.map((re) => re.source), flags: res.map((re) => re.flags), hit: /import(x)/.exec("importx")?.[1] };`;
    expect(await valueOf(text)).toEqual({
      sources: ["import(x)", "a<!--b", "[/>]-->", "eval(?:y)", "\\/import(z)"],
      flags: ["gi", "", "u", "", ""],
      hit: "x",
    });
  });

  test("as names of methods and properties", async () => {
    const text = `
      const o = { import(x: number) { return x; }, eval(x: number) { return x + 1; }, get import2() { return 3; } };
      class C { static import(x: number) { return x + 2; } static eval(x: number) { return x + 3; } }
      export default [o.import(1), o.eval(1), C.import(1), C.eval(1), o?.import(5)];`;
    expect(await valueOf(text)).toEqual([1, 2, 3, 4, 5]);
  });

  test("any text at all", async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ...words,
        "import",
        "(",
        " ",
        "-",
        "<",
        "!",
        "\n",
        "\\",
        "'",
        '"',
        "`",
        "$",
        "{",
        "é",
        "😀",
        "\u2028",
        "\u0000",
      ),
      fc.string(),
    );
    const strings = fc.sample(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
      { numRuns: 300, seed: 7 },
    );
    const text = `export default [\n${strings.map((string) => `  ${JSON.stringify(string)},`).join("\n")}\n];`;
    expect(await valueOf(text)).toEqual(strings);
  });
});

test("modules are linked whatever their statements look like", async () => {
  const text = `
    import { a as b, default as first, "c d" as d, } from "./lib.ts"; import * as all from "./lib.ts"
    import again, { type T, a } from "./lib.ts"
    export { a as passed, default as other } from "./lib.ts"
    export * from "./lib.ts"
    export * as everything from "./lib.ts"
    import type { U } from "./lib.ts"
    const x: T = 5 as T
    export { x, x as y }
    ;[1].forEach(() => {})
    export const one = 1, two = 2
    export const { three, four: [four] } = { three: 3, four: [4] }
    export let later: U = 1
    later = 7
    export function f(): number { return (100 - 10) / 2 }
    export class K { static v = 1 / 2 / 4 }
    const ratio = (x: number) => x / 2 /* / */ / 1
    const re = /[/"']export default/.test("export default") ? 1 : 0
    const quote = \`export default \${\`\${1}\`} "\`
    const key = { import: 1, export: 2, default: 3 }.default
    export default { b, first, d, all: all.a, again, a, x, f: f(), v: K.v, ratio: ratio(8), re, quote, key, four, three, one, two, later }`;
  expect(
    await valueOf(text.replaceAll("./lib.ts", "./b.ts").concat("\n"), {
      "b.ts":
        "export default 'first';\nexport const a = 'a';\nconst c = 'cd';\nexport { c as \"c d\" };\nexport type T = number;\nexport type U = number;\n",
    }),
  ).toEqual({
    b: "a",
    first: "first",
    d: "cd",
    all: "a",
    again: "first",
    a: "a",
    x: 5,
    f: 45,
    v: 0.125,
    ratio: 4,
    re: 0,
    quote: 'export default 1 "',
    key: 3,
    four: 4,
    three: 3,
    one: 1,
    two: 2,
    later: 7,
  });
});
