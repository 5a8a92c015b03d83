// Development-time script: writes the generated files of this folder from Istio's CRDs, or only compares them.
//   node targets/istio/schema/generate.ts [--check] <crd-all.gen.yaml> [<version of istio.io/istio>]
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import type { Crd } from "./crd.ts";
import { compiledRule } from "./cel.ts";
import { istioKinds } from "./kinds.ts";
import { objectSchema } from "./closed-schema.ts";
import type { JsonSchema } from "./object-meta.ts";
import { type RuleTable, type RuleTree, ruleTree } from "./rule-tree.ts";
import { sharedSchemas } from "./shared-definitions.ts";
import { validatorsSource } from "./validators-source.ts";

const given = process.argv.slice(2);
const isCheck = given[0] === "--check";
const [crdFile, givenVersion] = isCheck ? given.slice(1) : given;
const istio = givenVersion ?? /istio@([^/\\]+)/.exec(crdFile ?? "")?.[1];
if (crdFile === undefined || istio === undefined) {
  console.error(
    "usage: node targets/istio/schema/generate.ts [--check] <crd-all.gen.yaml> [<version of istio.io/istio>]",
  );
  process.exit(2);
}
const text = readFileSync(crdFile, "utf8");
const crds = parseAllDocuments(text).flatMap((document) => {
  const crd = document.toJS() as Crd | null;
  return crd === null ? [] : [crd];
});

const table: RuleTable = { rules: [], skipped: [] };
const schemas: Record<string, JsonSchema> = {};
const trees: Record<string, RuleTree> = {};
for (const kind of istioKinds) {
  const crd = crds.find((each) => each.spec.names.kind === kind);
  if (crd === undefined) throw new Error(`${crdFile} has no CRD of kind ${kind}`);
  const served = crd.spec.versions.filter((version) => version.served);
  const [first] = served;
  if (first === undefined) throw new Error(`${kind} has no served version`);
  if (new Set(served.map((version) => JSON.stringify(version.schema))).size > 1)
    throw new Error(`the served versions of ${kind} differ: they need a schema each`);
  const apiVersions = served.map((version) => `${crd.spec.group}/${version.name}`);
  const node = first.schema.openAPIV3Schema;
  schemas[kind] = objectSchema(kind, apiVersions, node);
  trees[kind] = ruleTree(node, table, kind) ?? {};
}
for (const { rule } of table.rules) compiledRule(rule);

const origin = {
  generator: "targets/istio/schema/generate.ts",
  source: "manifests/charts/base/files/crd-all.gen.yaml of istio.io/istio (Apache-2.0), descriptions left out",
  istio,
  sha256: createHash("sha256").update(text).digest("hex"),
};
const folder = new URL("./", import.meta.url);
const json = (value: unknown) => `${JSON.stringify(value, undefined, 1)}\n`;
const shared = sharedSchemas(schemas);
const rules = { ...origin, ...table, kinds: trees };
const written = {
  "schemas.generated.json": json({ ...origin, ...shared }),
  "rules.generated.json": json(rules),
  ...validatorsSource(shared, origin),
};
for (const [name, content] of Object.entries(written)) {
  const file = new URL(name, folder);
  if (!isCheck) writeFileSync(file, content);
  else if (!existsSync(file) || readFileSync(file, "utf8") !== content) {
    console.error(`${name} is not what ${crdFile} says`);
    process.exitCode = 1;
  }
}
console.log(`${istioKinds.length} kinds, ${table.rules.length} rules, ${table.skipped.length} skipped, istio ${istio}`);
