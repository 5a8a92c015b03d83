import { expect, test } from "vitest";
import { loaded } from "../fixture.ts";
import { importTarget, mostSuggestions } from "./import-target.ts";

test("what may be meant is looked for only where somebody asks", () => {
  class Unread extends Set<string> {
    override [Symbol.iterator](): SetIterator<string> {
      throw new Error("compared");
    }
  }
  const known = { policies: new Unread(), graph: new Unread() };
  for (const specifier of ["./b.ts", "#graph/shop"]) {
    const target = importTarget("a.ts", specifier, known);
    if ("module" in target) throw new Error("found");
    expect(target.why({ suggests: false })).toMatch(/no such/);
    expect(() => target.why({ suggests: true })).toThrow("compared");
  }
});

test("so many modules may be wrong that not each gets a suggestion", async () => {
  const wrong = (nth: number): string => `import { x as x${String(nth)} } from "./lib/timeout.ts";\n`;
  const module = `${Array.from({ length: 20 }, (_, nth) => wrong(nth)).join("")}export default {};\n`;
  const names = Array.from({ length: 6 }, (_, nth) => `p${String(nth)}.ts`);
  const { diagnostics } = await loaded({
    ...Object.fromEntries(names.map((name) => [name, module])),
    "lib/timeouts.ts": "export const x = 1;\n",
  });
  expect(diagnostics.map(({ code }) => code)).toEqual(Array.from({ length: 120 }, () => "MESH0013"));
  expect(diagnostics.filter(({ message }) => message.includes("did you mean"))).toHaveLength(mostSuggestions);
});
