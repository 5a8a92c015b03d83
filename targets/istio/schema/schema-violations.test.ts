import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { schemaExamples } from "./examples.ts";
import { istioKinds } from "./kinds.ts";
import type { JsonSchema } from "./object-meta.ts";
import { ruleCases } from "./rule-cases.ts";
import type { RuleTree } from "./rule-tree.ts";
import rulesFile from "./rules.generated.json" with { type: "json" };
import { schemaViolations } from "./schema-violations.ts";
import schemasFile from "./schemas.generated.json" with { type: "json" };
import { validatorsSource } from "./validators-source.ts";

const examples = schemaExamples();

/** Examples belong to the kind that they were made from: one of them states a wrong kind. */
const examplesOf = (kind: string) =>
  examples.filter((example) => example.name.startsWith(`${kind}/`) || example.name.startsWith(`${kind}:`));

describe.each(istioKinds)("%s", (kind) => {
  test("accepts every valid example", () => {
    const refused = examplesOf(kind)
      .filter((example) => example.fault === undefined)
      .map((example) => [example.name, schemaViolations(example.object)] as const)
      .filter(([, violations]) => violations.length > 0);
    expect(refused).toEqual([]);
  });

  test("refuses every invalid example, at its one fault", () => {
    const missed = examplesOf(kind)
      .filter((example) => example.fault !== undefined && example.path !== "/kind")
      .map((example) => [example.name, example.fault, schemaViolations(example.object)] as const)
      .filter(([, fault, violations]) => violations.length === 0 || violations.some(({ path }) => path !== fault));
    expect(missed).toEqual([]);
  });

  test("refuses an unknown field at every level that its CRD closes", () => {
    const levels = examplesOf(kind).filter((example) => example.about === "unknown field");
    expect(levels.length).toBe(closedLevels(schemasFile.kinds[kind]));
    for (const { fault, object } of levels)
      expect(schemaViolations(object)).toEqual([{ path: fault, message: "unknown field" }]);
  });

  test("has an accepted and a refused example for every rule where it stands", () => {
    const trees: Readonly<Record<string, RuleTree>> = rulesFile.kinds;
    const wanted = rulePlaces(trees[kind] ?? {}, "").toSorted();
    const found = (valid: boolean) =>
      examplesOf(kind).flatMap(({ about, path, fault }) =>
        typeof about === "object" && (fault === undefined) === valid ? [`${path} ${about.rule}`] : [],
      );
    expect([...new Set(found(true))].toSorted()).toEqual(wanted);
    expect([...new Set(found(false))].toSorted()).toEqual(wanted);
  });
});

test("has cases for every rule of the generated kinds and for no other", () => {
  expect(Object.keys(ruleCases).toSorted()).toEqual([...new Set(rulesFile.rules.map(({ rule }) => rule))].toSorted());
});

test("says what is wrong in the rule's own words", () => {
  const object = { ...virtualService, spec: { hosts: ["a"], http: [{ timeout: "0s" }] } };
  expect(schemaViolations(object)).toEqual([
    { path: "/spec/http/0/timeout", message: "must be a valid duration greater than 1ms" },
  ]);
});

test("names the fields of a choice of which two are set", () => {
  const object = {
    ...virtualService,
    spec: { hosts: ["a"], http: [{ match: [{ uri: { exact: "/a", prefix: "/b" } }] }] },
  };
  expect(schemaViolations(object)).toEqual([
    { path: "/spec/http/0/match/0/uri", message: "only one of exact, prefix, regex can be set" },
  ]);
});

test("refuses a list that names a key twice where the API server merges by that key", () => {
  const port = { number: 80, name: "a" };
  const object = {
    apiVersion: "networking.istio.io/v1",
    kind: "ServiceEntry",
    metadata: { name: "a" },
    spec: { hosts: ["a.example"], ports: [port, { number: 81, name: "b" }, { ...port, number: 82 }] },
  };
  expect(schemaViolations(object)).toContainEqual({ path: "/spec/ports/2", message: "repeats name" });
});

test("refuses a kind that has no schema, and the name of an object's own property as a kind", () => {
  for (const kind of ["EnvoyFilter", "toString", "__proto__", "default"])
    expect(schemaViolations({ ...virtualService, kind })).toEqual([
      { path: "/kind", message: `no schema for kind ${kind}` },
    ]);
});

test("refuses a version that Istio does not serve", () => {
  const [violation] = schemaViolations({ ...virtualService, apiVersion: "networking.istio.io/v2" });
  expect(violation?.path).toBe("/apiVersion");
});

describe("generated files", () => {
  const { generator, source, istio, sha256, definitions, kinds } = schemasFile;
  const file = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

  test("are what the generator makes of the closed schemas", () => {
    const made = validatorsSource({ definitions, kinds }, { generator, source, istio, sha256 });
    for (const [name, text] of Object.entries(made)) expect(file(name)).toBe(text);
  });

  test("name their generator, Istio's version and the CRD file's digest, and hold no descriptions", () => {
    for (const name of [
      "schemas.generated.json",
      "rules.generated.json",
      "validators.generated.js",
      "validators.generated.d.ts",
    ]) {
      for (const word of [generator, istio, sha256]) expect(file(name)).toContain(word);
      expect(file(name)).not.toContain('"description"');
    }
  });
});

const virtualService = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name: "a", namespace: "b" },
};

/** How many levels of a schema are closed, counted without the code that makes the examples. */
function closedLevels(schema: JsonSchema): number {
  const definitions: Readonly<Record<string, JsonSchema>> = schemasFile.definitions;
  if (typeof schema.$ref === "string") return closedLevels(definitions[schema.$ref.split("/").at(-1) ?? ""] ?? {});
  const below = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return below.reduce<number>(
    (sum, each) => sum + (typeof each === "object" && each !== null ? closedLevels(each as JsonSchema) : 0),
    schema.additionalProperties === false ? 1 : 0,
  );
}

function rulePlaces(tree: RuleTree, path: string): string[] {
  return [
    ...(tree.rules ?? []).map((index) => `${path} ${rulesFile.rules[index]?.rule}`),
    ...Object.entries(tree.properties ?? {}).flatMap(([name, child]) => rulePlaces(child, `${path}/${name}`)),
    ...(tree.items === undefined ? [] : rulePlaces(tree.items, `${path}/0`)),
    ...(tree.values === undefined ? [] : rulePlaces(tree.values, `${path}/8080`)),
  ];
}
