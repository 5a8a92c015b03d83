import fc from "fast-check";
import { expect, test } from "vitest";
import { sourceText, spanAt } from "./source-text.ts";
import { embeddedDocuments, yamlDocuments, type YamlNode } from "./yaml.ts";

const read = (text: string) => yamlDocuments({ file: "a.yaml", text });
const codes = (text: string) => read(text).diagnostics.map(({ code }) => code);
const underlined = (text: string) =>
  read(text).diagnostics.map(({ place }) =>
    place && "span" in place ? text.slice(place.span.start, place.span.end) : undefined,
  );

const plain = (node: YamlNode): unknown => {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plain);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]));
};
const values = (text: string) => read(text).value?.map(plain);

test("reads JSON as JSON does", () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 2, "\t"), (json, indent) => {
      const value: unknown = JSON.parse(json);
      fc.pre(typeof value === "object" && value !== null && !json.includes("-0") && !json.includes("__proto__"));
      expect(values(JSON.stringify(value, undefined, indent))).toEqual([value]);
    }),
  );
});

test("reads every document and leaves out the empty ones", () => {
  expect(values("---\n---\n# nothing\n---\na: 1\n---\nb: 2\n...\n")).toEqual([{ a: 1 }, { b: 2 }]);
  expect(values("")).toEqual([]);
});

test("reads plain values as Kubernetes' tools do, not as YAML 1.2 has them", () => {
  expect(values('a: yes\nb: Off\nc: 0755\nd: 1_000\ne: "yes"\nf: !!str no\ng: 1.10\nh: 2001-01-01')).toEqual([
    { a: true, b: false, c: 0o755, d: 1000, e: "yes", f: "no", g: 1.1, h: "2001-01-01" },
  ]);
});

test("refuses a key that stands twice and shows both", () => {
  const text = "metadata:\n  name: a\n  name: b\n";
  const [found] = read(text).diagnostics;
  expect(found?.code).toBe("MESH4004");
  expect(found?.place).toMatchObject({ span: { line: 3, column: 3, length: 4, sourceLine: "  name: b" } });
  expect(found?.related?.[0]?.place).toMatchObject({ span: { line: 2, column: 3 } });
});

test("a written key wins over a merged one, and an earlier merge over a later", () => {
  expect(values("p: &p {a: 1, b: 1}\nq: &q {b: 2, c: 2}\nr:\n  <<: [*p, *q]\n  a: 0\n")).toEqual([
    { p: { a: 1, b: 1 }, q: { b: 2, c: 2 }, r: { a: 0, b: 1, c: 2 } },
  ]);
});

test("refuses aliases that multiply, contain themselves or point nowhere, at the alias", () => {
  const bomb = [
    "a: &a [x, x, x, x, x, x, x, x, x, x]",
    ..."bcdefghi"
      .split("")
      .map((name, i) => `${name}: &${name} [${`*${"abcdefghi"[i]}, `.repeat(9)}*${"abcdefghi"[i]}]`),
  ].join("\n");
  expect(codes(bomb)).toEqual(["MESH4005"]);
  expect(codes("a: &a\n  b: *a\n")).toEqual(["MESH4005"]);
  expect(underlined("a: &a\n  b: *a\n")).toEqual(["*a"]);
  expect(codes("a: *nowhere\n")).toEqual(["MESH4003"]);
  expect(values("a: &a {b: 1}\nc: *a\n")).toEqual([{ a: { b: 1 }, c: { b: 1 } }]);
});

test("refuses nesting that could exhaust the stack", () => {
  expect(codes("[".repeat(200_000))).toEqual(["MESH4006"]);
  expect(codes(`${"[".repeat(150)}${"]".repeat(150)}`)).toEqual(["MESH4006"]);
  expect(codes(`${"{a: ".repeat(90)}1${"}".repeat(90)}`)).toEqual([]);
});

test("underlines what cannot be parsed", () => {
  expect(codes("a: b: c\n")).toEqual(["MESH4003"]);
  expect(read("a: 1\n\tb: 2\n").diagnostics[0]?.place).toMatchObject({ span: { line: 2 } });
});

test("never throws, whatever the text", () => {
  const fragments = fc.constantFrom(
    "a",
    ":",
    " ",
    "\n",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&x ",
    "*x",
    "<<",
    "|",
    ">",
    "'",
    '"',
    "\t",
    "#",
    "---\n",
    "!!str ",
    "? ",
    "%",
    "\r",
    "é",
    "\0",
  );
  fc.assert(
    fc.property(fc.array(fragments, { maxLength: 40 }), (parts) => {
      const { value, diagnostics } = read(parts.join(""));
      expect(value === undefined).toBe(diagnostics.length > 0);
    }),
    { numRuns: 500 },
  );
});

test("reports what is embedded where it stands", () => {
  const source = { file: "a.yaml", text: "data:\n  mesh: |-\n    # a comment\n    a: 1\n    b: [1\n" };
  const node = read(source.text).value?.[0];
  const mesh = node?.kind === "map" ? node.entries.get("data")?.value : undefined;
  const scalar = mesh?.kind === "map" ? mesh.entries.get("mesh")?.value : undefined;
  if (scalar?.kind !== "scalar") throw new Error("no scalar");
  expect(embeddedDocuments(source, scalar).diagnostics[0]?.place).toMatchObject({ span: { line: 5 } });
});

test("says where a text stops being UTF-8, also behind a replacement character that was written", () => {
  const bytes = Buffer.concat([Buffer.from("a: \ufffd é\nb: "), Buffer.from([0xe9]), Buffer.from(" c\n")]);
  const { value, diagnostics } = sourceText("a.yaml", bytes);
  expect(value).toBeUndefined();
  expect(diagnostics[0]).toMatchObject({ code: "MESH4002", place: { span: { line: 2, column: 4 } } });
});

test("drops a byte order mark", () => {
  expect(sourceText("a.yaml", Buffer.from("\ufeffa: 1")).value?.text).toBe("a: 1");
});

test("a span's line and column lead back to its start", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("ab", "\n", "\r\n", "é", "x"), { minLength: 1 }),
      fc.nat(),
      fc.nat(),
      (parts, a, b) => {
        const text = parts.join("");
        const start = a % text.length;
        const span = spanAt({ file: "f", text }, { start, end: Math.min(text.length, start + 1 + (b % 5)) });
        const lines = text.split("\n");
        const before = lines.slice(0, span.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
        expect(before + span.column - 1).toBe(start);
        expect(span.sourceLine).toBe(lines[span.line - 1]!.replace(/\r$/, ""));
        expect(span.length).toBeGreaterThan(0);
      },
    ),
  );
});
