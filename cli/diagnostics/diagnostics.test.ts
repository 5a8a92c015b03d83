import { expect, test } from "vitest";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { spanIn } from "../../lib/diagnostics/span.ts";
import { displayWidth } from "./display-width.ts";
import { diagnosticsJson } from "./json.ts";
import { diagnosticsText } from "./text.ts";

const nowhere = () => undefined;
const style = { width: 80, colour: false };

const at = (source: string, word: string, file = "policies/a.ts"): Diagnostic => {
  const start = source.indexOf(word);
  return {
    code: "MESH2001",
    severity: "error",
    message: "wrong",
    place: { span: spanIn(file, source, start, start + word.length) },
  };
};
/** The source line and what its underline covers, by columns of the terminal. */
const marked = (found: Diagnostic, width = 80) => {
  const lines = diagnosticsText([found], nowhere, { width, colour: false }).split("\n");
  const under = lines.findIndex((line) => line.includes("^"));
  const from = lines[under]!.indexOf("^");
  const columns = lines[under]!.lastIndexOf("^") - from + 1;
  let column = 0;
  let covered = "";
  for (const character of lines[under - 1]!) {
    if (column >= from && column < from + columns) covered += character;
    column += displayWidth(character);
  }
  return { covered, line: lines[under - 1]!, longest: Math.max(...lines.slice(1).map(displayWidth)) };
};

test("says what is wrong, where, and what to do", () => {
  const source = "export default policy(reviews, {\n  timeout: oops,\n});\n";
  const found: Diagnostic = {
    ...at(source, "oops"),
    fix: "write a duration",
    related: [{ message: "declared here", place: { span: spanIn("policies/b.ts", "let x", 4, 5) } }],
  };
  expect(diagnosticsText([found], nowhere, style)).toBe(`error MESH2001: wrong
 --> policies/a.ts:2:12
  |
2 |   timeout: oops,
  |            ^^^^
  note: declared here
 --> policies/b.ts:1:5
  |
1 | let x
  |     ^
  help: write a duration

1 error
`);
});

test("says nothing when nothing was found", () => {
  expect(diagnosticsText([], nowhere, style)).toBe("");
});

test("underlines what was meant behind tabs, wide characters, combining ones and pictures", () => {
  for (const before of ["\t\t", "日本語 ", "e\u0301e\u0301 ", "🚦🚦 ", "ｗｉｄｅ ", ""])
    expect(marked(at(`${before}oops end`, "oops")).covered).toBe("oops");
  expect(marked(at("x 日本 y", "日本")).covered).toBe("日本");
});

test("a long line is cut around what is underlined, and never wider than the terminal", () => {
  for (const [before, after] of [
    [400, 400],
    [0, 400],
    [400, 0],
    [30, 400],
    [80, 1],
  ] as const) {
    for (const width of [40, 80]) {
      const { covered, longest, line } = marked(at(`${"a".repeat(before)}oops${"b".repeat(after)}`, "oops"), width);
      expect(covered).toBe("oops");
      expect(longest).toBeLessThanOrEqual(width);
      expect(line).toContain("…");
    }
  }
  const long = marked(at(`x ${"o".repeat(500)} y`, "o".repeat(500)), 40);
  expect(long.longest).toBeLessThanOrEqual(40);
});

test("what was read can neither drive the terminal nor turn the text around", () => {
  const text = diagnosticsText(
    [{ ...at("a\u001b[2J\u202eoops", "oops", "evil\u001b]0;x\u0007.yaml"), message: "\u001b[31mred\nsecond\u0085" }],
    nowhere,
    style,
  );
  // eslint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(text).toContain("\n  second");
});

test("colours only where they are asked for", () => {
  expect(diagnosticsText([at("oops", "oops")], nowhere, { width: 80, colour: true })).toContain(
    "\u001b[31;1m^^^^\u001b[0m",
  );
});

test("an origin is shown as its span, or as its module where none is known", () => {
  const origin = { module: "policies/a.ts", path: ["routes", 0] };
  const found: Diagnostic = { code: "MESH2001", severity: "warning", message: "wrong", place: { origin } };
  expect(diagnosticsText([found], () => spanIn("policies/a.ts", "let x", 4, 5), style)).toContain("policies/a.ts:1:5");
  expect(diagnosticsText([found], nowhere, style)).toContain("policies/a.ts\n");
});

test("as JSON, every object has every key in one order", () => {
  const bare: Diagnostic = { code: "MESH4030", severity: "error", message: "gone" };
  expect(diagnosticsJson([bare], nowhere)).toBe(`[
  {
    "code": "MESH4030",
    "severity": "error",
    "message": "gone",
    "span": null,
    "related": [],
    "fix": null
  }
]
`);
  expect(JSON.parse(diagnosticsJson([at("a\noops", "oops")], nowhere))[0].span).toEqual({
    file: "policies/a.ts",
    line: 2,
    column: 1,
    start: 2,
    end: 6,
  });
  expect(diagnosticsJson([], nowhere)).toBe("[]\n");
});

test("marks that turn the direction of writing are shown as what they are not", () => {
  const message = "a\u061cb\u202ec\u200bd";
  const text = diagnosticsText([{ code: "MESH0021", severity: "error", message }], () => undefined, {
    width: 80,
    colour: false,
  });
  expect(text).toContain("a\ufffdb\ufffdc\ufffdd");
});
