import { describe, expect, test } from "vitest";
import type { Origin } from "../../../lib/diagnostics/origin.ts";
import { meshOf, once } from "../fixture.ts";
import { load, locate } from "../index.ts";

const graph = `import type { HttpServiceHandle, NamespaceHandle } from "meshwright";
export const namespace: NamespaceHandle = { $kind: "namespace", $id: "shop" };
export const reviews: HttpServiceHandle<"v1" | "v2"> = {
  $kind: "service", $id: "shop/reviews", $subsets: ["v1", "v2"],
  v1: { $kind: "subset", $service: "shop/reviews", $subset: "v1" },
  v2: { $kind: "subset", $service: "shop/reviews", $subset: "v2" },
};
`;

const shared = `import { route, split } from "meshwright";
import { reviews } from "#graph/shop";
export const slow = "9s";
export const retries = { attempts: 3, perTry: "250ms" } as const;
export const canary = (percent: number) => route({ to: split(reviews, { v1: 100 - percent, v2: percent }), timeout: "4s" });
export const all = <T extends object>(...of: readonly T[]): readonly T[] => [...of].reverse();
export const merged = <A extends object, B extends object>(a: A, b: B): A & B => ({ ...a, ...b });
export const assigned = () => { const it: { timeout?: string; list: number[] } = { list: [] }; it.timeout = "5s"; it.list.push(1); return it; };
`;

const policyText = `import { allow, policy, present, route, split, vary } from "meshwright";
import { reviews } from "#graph/shop";
import { all, assigned, canary, merged, retries, slow } from "./shared.ts";

const base = { timeout: "1s", when: { prefix: "/a" } } as const;
const timeout = "6s";
const name = "x-" + "user";
const paths = ["/one", "/two"] as const;
const prod = [true][0];

export default policy(reviews, {
  routes: [
    route({ ...base, to: reviews.v2 }),
    route({ to: split(reviews, { v1: 90, v2: 10 }), timeout: (slow as string), retries }),
    canary(25),
    route({ to: reviews, timeout, when: { headers: { [name]: present, plain: \`a\${1}\` } } }),
    route({ to: reviews, timeout: prod ? "11s" : "12s", retries: prod === undefined ? "none" : { attempts: prod ? 8 : 9 } }),
    ...paths.map((path) => route({ when: { path }, to: reviews, timeout: \`\${path.length}s\` })),
    ...all(route({ to: reviews, timeout: "21s" }), route({ to: reviews, timeout: "22s" })),
    merged(base, { to: reviews, timeout: "31s" }),
    Object.assign({}, base, { to: reviews }),
    assigned(),
    vary({ default: route({ to: reviews, timeout: "41s" }), production: route({ to: reviews, timeout: "42s" }) }),
    { ...base, ...(prod && { timeout: "51s" }) },
    (() => { const { when, ...rest } = base; return { ...rest, to: when }; })(),
  ],
  allow: [allow({ from: "anyone", methods: ["GET", ...["POST" as const]].map((method) => method.toUpperCase()) })],
  mtls: undefined ?? "strict",
});
`;

const files: Readonly<Record<string, string>> = {
  "mesh.config.ts": `import { mesh } from "meshwright";\nconst folders = { ".": ["shop"] };\nexport default mesh({ folders, defaults: { mtls: "strict", access: "nobody" } });\n`,
  "graph/shop.ts": graph,
  "shared.ts": shared,
  "a.ts": policyText.replace("...paths.map", "...paths.map"),
  "list.ts": "const one = { a: 1 };\nexport default [one, { b: [2, 3] }];\n",
  "named.ts": "const it = { a: { b: 1 } };\nexport { it as default };\n",
};

const cases: readonly (readonly [what: string, module: string, path: Origin["path"], text: string, file?: string])[] = [
  ["a literal", "a.ts", ["intent", "mtls"], '"strict"'],
  [
    "a list",
    "a.ts",
    ["intent", "allow"],
    '[allow({ from: "anyone", methods: ["GET", ...["POST" as const]].map((method) => method.toUpperCase()) })]',
  ],
  ["an element that a library function made", "a.ts", ["intent", "routes", 0], "route({ ...base, to: reviews.v2 })"],
  ["what stands beside a spread", "a.ts", ["intent", "routes", 0, "to"], "reviews.v2"],
  ["through a spread and a library function", "a.ts", ["intent", "routes", 0, "timeout"], '"1s"'],
  ["deep through a spread", "a.ts", ["intent", "routes", 0, "when", "prefix"], '"/a"'],
  ["what a library function passes on", "a.ts", ["intent", "routes", 1, "to", "weights", "v2"], "10"],
  ["an argument of a library function", "a.ts", ["intent", "routes", 1, "to", "weights"], "{ v1: 90, v2: 10 }"],
  ["what a library function made", "a.ts", ["intent", "routes", 1, "to"], "split(reviews, { v1: 90, v2: 10 })"],
  [
    "what a library function wrote itself",
    "a.ts",
    ["intent", "routes", 1, "to", "kind"],
    "split(reviews, { v1: 90, v2: 10 })",
  ],
  ["an imported constant, where it is used", "a.ts", ["intent", "routes", 1, "timeout"], "slow as string"],
  ["a shorthand property", "a.ts", ["intent", "routes", 1, "retries"], "retries"],
  ["inside of an imported constant", "a.ts", ["intent", "routes", 1, "retries", "attempts"], "3", "shared.ts"],
  ["through a helper in another module", "a.ts", ["intent", "routes", 2, "timeout"], '"4s"', "shared.ts"],
  [
    "deep through a helper in another module",
    "a.ts",
    ["intent", "routes", 2, "to", "weights", "v1"],
    "100 - percent",
    "shared.ts",
  ],
  ["a call of a helper", "a.ts", ["intent", "routes", 2], "canary(25)"],
  ["a shorthand property of a local constant", "a.ts", ["intent", "routes", 3, "timeout"], "timeout"],
  ["a computed key", "a.ts", ["intent", "routes", 3, "when", "headers", "x-user"], "present"],
  ["a template", "a.ts", ["intent", "routes", 3, "when", "headers", "plain"], "`a${1}`"],
  ["the branch of a conditional that was taken", "a.ts", ["intent", "routes", 4, "timeout"], '"11s"'],
  ["the other branch", "a.ts", ["intent", "routes", 4, "retries"], "{ attempts: prod ? 8 : 9 }"],
  ["a conditional in a conditional", "a.ts", ["intent", "routes", 4, "retries", "attempts"], "8"],
  [
    "an element made by map",
    "a.ts",
    ["intent", "routes", 5],
    "route({ when: { path }, to: reviews, timeout: `${path.length}s` })",
  ],
  ["a property of what map made", "a.ts", ["intent", "routes", 6, "timeout"], "`${path.length}s`"],
  ["a shorthand property in what map made", "a.ts", ["intent", "routes", 6, "when", "path"], "path"],
  ["through a helper that reorders", "a.ts", ["intent", "routes", 7, "timeout"], '"22s"'],
  ["through a helper that merges", "a.ts", ["intent", "routes", 9, "timeout"], '"31s"'],
  ["through a helper that merges, from the first", "a.ts", ["intent", "routes", 9, "when"], '{ prefix: "/a" }'],
  ["inside of what Object.assign copied", "a.ts", ["intent", "routes", 10, "when", "prefix"], '"/a"'],
  [
    "what Object.assign copied",
    "a.ts",
    ["intent", "routes", 10, "timeout"],
    "Object.assign({}, base, { to: reviews })",
  ],
  ["an assignment", "a.ts", ["intent", "routes", 11, "timeout"], '"5s"', "shared.ts"],
  ["an element that was pushed", "a.ts", ["intent", "routes", 11, "list", 0], "[]", "shared.ts"],
  ["what varies", "a.ts", ["intent", "routes", 12, "timeout"], '"41s"'],
  ["a conditional spread", "a.ts", ["intent", "routes", 13, "timeout"], '"51s"'],
  ["what destructuring left over", "a.ts", ["intent", "routes", 14, "timeout"], "rest"],
  [
    "an element of a list that was mapped",
    "a.ts",
    ["intent", "allow", 0, "methods", 1],
    '["GET", ...["POST" as const]].map((method) => method.toUpperCase())',
  ],
  [
    "the subject, whose handle nobody wrote: what speaks of it",
    "a.ts",
    ["about", "$id"],
    policyText.slice(policyText.indexOf("policy(reviews"), policyText.lastIndexOf(")") + 1),
  ],
  [
    "the second argument of policy()",
    "a.ts",
    ["intent"],
    policyText.slice(policyText.indexOf("{\n  routes"), policyText.lastIndexOf(")")),
  ],
  [
    "what does not exist: the nearest that holds it",
    "a.ts",
    ["intent", "routes", 0, "retries", "on", 3],
    "route({ ...base, to: reviews.v2 })",
  ],
  ["the whole module", "list.ts", [], "[one, { b: [2, 3] }]"],
  ["an element by its name", "list.ts", [0], "one"],
  ["inside of an element by its name", "list.ts", [0, "a"], "1"],
  ["an element of an element", "list.ts", [1, "b", 1], "3"],
  ["a default export by name", "named.ts", [], "it"],
  ["inside of a default export by name", "named.ts", ["a", "b"], "1"],
  ["the config", "mesh.config.ts", ["folders", "."], '["shop"]'],
  ["a shorthand property of the config", "mesh.config.ts", ["folders"], "folders"],
];

describe("an origin is underlined at the expression that wrote it", () => {
  const origins = cases.map(([, module, path]): Origin => ({ module, path }));
  const spans = once(() => locate(meshOf(files), { types: false }, origins));
  test.each(
    cases.map(([what, module, path, text, file = module], index) => ({
      what,
      path: path.join("."),
      text,
      file,
      index,
    })),
  )("$what ($path)", async ({ text, file, index }) => {
    const span = (await spans()).get(origins[index]!);
    expect(span?.file).toBe(file);
    expect(files[file]!.slice(span!.start, span!.end)).toBe(text);
  });

  test("line, column and the line itself belong to the underlined text", async () => {
    const span = (await spans()).get(origins[4]!)!;
    expect(files["a.ts"]!.split("\n")[span.line - 1]).toBe(span.sourceLine);
    expect(span.sourceLine.slice(span.column - 1, span.column - 1 + span.length)).toBe('"1s"');
  });

  test("the environment decides what is underlined", async () => {
    const origin: Origin = { module: "a.ts", path: ["intent", "routes", 12, "timeout"] };
    const span = (await locate(meshOf(files), { types: false, environment: "production" }, [origin])).get(origin)!;
    expect(files["a.ts"]!.slice(span.start, span.end)).toBe('"42s"');
  });

  test("an origin outside of the folder's modules has no span", async () => {
    const origin: Origin = { module: "manifests/reviews.yaml", path: ["spec"] };
    expect([...(await locate(meshOf(files), { types: false }, [origin])).keys()]).toEqual([]);
  });

  test("a module that cannot be evaluated still has its default export", async () => {
    const text = "export default { a: Date.now() };\n";
    const origin: Origin = { module: "a.ts", path: ["a"] };
    const span = (await locate(meshOf({ "a.ts": text }), { types: false }, [origin])).get(origin)!;
    expect(text.slice(span.start, span.end)).toBe("{ a: Date.now() }");
  });
});

test("environments that policies name are told with their modules", async () => {
  const { value } = await load(meshOf(files), { types: false });
  expect(value?.environments).toEqual([{ module: "a.ts", environment: "production" }]);
});
