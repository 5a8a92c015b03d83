import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { type Plain, yamlDocument, yamlStream } from "./yaml.ts";

/** Text that YAML readers are known to misread when it is not quoted. */
const traps = [
  ..."null Null NULL ~ true True TRUE false yes Yes YES no on On off y Y n N .inf -.Inf .nan .NaN = << - ? : % @ ` ! & * | >".split(
    " ",
  ),
  ..."0 1 -1 +1 007 0o7 0x1F 0b1 1_000 1.5 .5 5. 1e3 1E+3 1.0e-3 1:30 190:20:30 12:30:45 2026-11-21 10.0.0.1 1.2.3".split(
    " ",
  ),
  "2001-12-14t21:59:43.10-05:00",
  "---",
  "...",
  "--- a",
  "- a",
  "a: b",
  "a:",
  ":a",
  "a #b",
  "#a",
  "[a]",
  "{a}",
  "a]",
  "'a",
  '"a"',
  "a\\b",
  "",
  " ",
  " a",
  "a ",
  "\t",
  "a\tb",
  "a\nb",
  "\n",
  "a\n",
  "\r\n",
  "\u0000",
  "\u007f",
  "\u0085",
  "\u00a0",
  "\u2028",
  "\ufeff",
  "\ufffe",
  "\u{1f600}",
  "é",
  "2s",
  "250ms",
  "5xx,reset",
  "*",
  "*.example.com",
  "cluster.local/ns/a/sa/b",
  "__proto__",
  "constructor",
  "toString",
  "a".repeat(2000),
];
const text = fc.oneof(fc.constantFrom(...traps), fc.string({ unit: "binary" }), fc.string());
const { tree } = fc.letrec<{ tree: Plain }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text,
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("tree"), { maxLength: 5 }),
    fc.dictionary(text, tie("tree"), { maxKeys: 5, noNullPrototype: true }),
  ),
}));
const json = (value: Plain): unknown => JSON.parse(JSON.stringify(value));
const options = { "1.1": { version: "1.1", merge: false }, "1.2": { version: "1.2" } } as const;

describe.each(["1.1", "1.2"] as const)("YAML %s", (version) => {
  const read = (printed: string): unknown => parse(printed, { ...options[version], maxAliasCount: 0 });

  test("reads back every tree that JSON can hold", () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(read(yamlDocument(value))).toEqual(json(value));
      }),
      { numRuns: 1000 },
    );
  });

  test.each(traps)("reads back %j as a value, a key and an item", (trap) => {
    const value = { [trap]: trap, list: [trap, { [trap]: [trap] }, [[trap]]] };
    expect(read(yamlDocument(value))).toEqual(json(value));
  });

  test("reads a stream as the documents it was made of", () => {
    fc.assert(
      fc.property(fc.array(tree, { minLength: 1, maxLength: 4 }), (values) => {
        const documents = parseAllDocuments(yamlStream(values), options[version]);
        expect(documents.map((each) => each.toJS() as unknown)).toEqual(values.map(json));
      }),
    );
  });
});

test("prints as Kubernetes does, in the order given", () => {
  const value = {
    kind: "VirtualService",
    metadata: { name: "reviews", labels: {}, finalizers: [] },
    spec: {
      hosts: ["reviews", "*.example.com"],
      http: [{ timeout: "2s", weight: 90, retries: undefined, match: [{ uri: { exact: "/a b" } }] }, {}, []],
      nested: [[1, [true]], ["no"]],
      enabled: false,
      nothing: null,
    },
  };
  expect(yamlStream([value, { a: 1 }])).toBe(`kind: VirtualService
metadata:
  name: reviews
  labels: {}
  finalizers: []
spec:
  hosts:
  - reviews
  - "*.example.com"
  http:
  - timeout: 2s
    weight: 90
    match:
    - uri:
        exact: "/a b"
  - {}
  - []
  nested:
  - - 1
    - - true
  - - "no"
  enabled: false
  nothing: null
---
a: 1
`);
});

test("leaves out undefined properties, and prints a map of nothing else as empty", () => {
  expect(yamlDocument({ a: { b: undefined }, c: [{ d: undefined }], e: undefined })).toBe("a: {}\nc:\n- {}\n");
});

test("refuses what JSON cannot hold", () => {
  expect(() => yamlDocument({ a: Number.NaN })).toThrow("NaN");
  expect(() => yamlDocument([Number.POSITIVE_INFINITY])).toThrow("Infinity");
  expect(() => yamlDocument({ a: (() => 1) as unknown as Plain })).toThrow("function");
});
