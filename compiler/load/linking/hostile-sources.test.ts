import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loaded, meshOf } from "../fixture.ts";

describe("hostile source texts end in a diagnostic, and the next load is sound", () => {
  const deep = 200_000;
  const sources: readonly (readonly [name: string, text: string])[] = [
    ["parentheses", `export default ${"(".repeat(deep)}1${")".repeat(deep)};`],
    ["lists", `export default ${"[".repeat(deep)}${"]".repeat(deep)};`],
    ["unclosed", "(".repeat(deep)],
    ["objects", `export default ${"{a:".repeat(deep)}1${"}".repeat(deep)};`],
    ["operators", `export default ${"1+".repeat(deep)}1;`],
    ["negations", `export default ${"!".repeat(deep)}1;`],
    ["functions", `export default ${"()=>".repeat(deep)}1;`],
    ["conditionals", `export default ${"1?1:".repeat(deep)}1;`],
    ["types", `export type T = ${"A<".repeat(deep)}1${">".repeat(deep)};\nexport default {};`],
    ["members", `export default ({} as any)${"?.a".repeat(deep)};`],
    ["functions that a parser reads twice", `export default ${"async(a=".repeat(40)}1${")".repeat(40)};`],
    ["the same in disguise", `export default ${"\\u0061sync(a=".repeat(40)}1${")".repeat(40)};`],
    [
      "names that are missing without end",
      `import { ${Array.from({ length: 20_000 }, (_, index) => `m${index}`).join(", ")} } from "meshwright";\nexport default {};`,
    ],
    [
      "specifiers without end",
      `${Array.from({ length: 30_000 }, (_, index) => `import "q${index}";`).join("\n")}\nexport default {};`,
    ],
    ["a name without end", `import { ${"a".repeat(500_000)} } from "meshwright";\nexport default {};`],
    ["a specifier without end", `import "./${"a".repeat(500_000)}.ts";\nexport default {};`],
    ["a name that is a pattern", 'import { "(a+" as a } from "meshwright";\nexport default { a };'],
    ["a name that draws", 'import "\\u202e\\x1b[2J";\nexport default {};'],
  ];
  test.each(sources)("%s", async (_, text) => {
    const { value, diagnostics } = await loaded({ "a.ts": text });
    expect(diagnostics.length > 0 || value !== undefined).toBe(true);
    expect(JSON.stringify(diagnostics.map(({ message }) => message)).length).toBeLessThan(10_000);
    expect(diagnostics.map(({ message }) => message).join()).not.toMatch(/[^\P{C}\n]/u);
    const next = await loaded({ "b.ts": "export const a: number = 1;\nexport default { a };" });
    expect(next.value?.modules).toEqual([{ module: "b.ts", value: { a: 1 } }]);
  });

  test("what files outside hold is not told by their types", async () => {
    const secret = join(meshOf({ "secret.ts": 'export const token = "s3cr3t";\n' }), "secret.ts");
    const text = `type S = typeof import("${secret}");\nconst x: S["token"] = 1 as const;\nexport default { x };\n`;
    const { value, diagnostics } = await loaded({ "a.ts": text }, { types: true });
    expect(value).toBeUndefined();
    expect(diagnostics.map(({ code }) => code)).toEqual(["MESH0013"]);
    expect(JSON.stringify(diagnostics.map(({ message }) => message))).not.toContain("s3cr3t");
  });

  test("with types, too", async () => {
    const text = `export default ${"(".repeat(deep)}1${")".repeat(deep)};`;
    const { value, diagnostics } = await loaded({ "a.ts": text }, { types: true });
    expect(value).toBeUndefined();
    expect(diagnostics.map(({ code }) => code).filter((code) => !/^MESH00(?:10|12|16)$/.test(code))).toEqual([]);
  });
});
