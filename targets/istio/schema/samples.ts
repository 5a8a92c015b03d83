// Hand-run check against real input: every object of a generated kind in a folder of YAML files must be free of violations,
// or, where Istio's own test data marks it with an expected error (`_err`), must have one.
//   node targets/istio/schema/samples.ts <folder, e.g. samples or pkg/config/validation/testdata/crds of the Istio module>
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { istioKinds } from "./kinds.ts";
import { schemaViolations } from "./schema-violations.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node targets/istio/schema/samples.ts <folder>");
  process.exit(2);
}
const kinds = new Set<string>(istioKinds);
let [objects, refused, wrong, unreadable] = [0, 0, 0, 0];
for (const file of globSync("**/*.yaml", { cwd: folder }).toSorted()) {
  for (const document of parseAllDocuments(readFileSync(join(folder, file), "utf8"))) {
    // Templates of Helm and of Go are no YAML.
    if (document.errors.length > 0) {
      unreadable++;
      continue;
    }
    const object = document.toJS() as { apiVersion?: string; kind?: string; _err?: string } | null;
    const { apiVersion, kind, _err: expected, ...rest } = object ?? {};
    if (object === null || apiVersion === undefined || kind === undefined || !kinds.has(kind)) continue;
    if (!apiVersion.includes(".istio.io/")) continue;
    objects++;
    const violations = schemaViolations({ ...rest, apiVersion, kind });
    if (violations.length > 0) refused++;
    if (violations.length > 0 === (expected !== undefined)) continue;
    wrong++;
    if (expected !== undefined)
      console.log(`${file}: ${kind} ${JSON.stringify(rest)} is accepted, expected: ${expected}`);
    for (const { path, message } of violations) console.log(`${file}: ${kind}${path}: ${message}`);
  }
}
console.log(`${objects} objects, ${refused} refused, ${wrong} of all wrongly; ${unreadable} documents are no YAML`);
process.exitCode = wrong > 0 ? 1 : 0;
