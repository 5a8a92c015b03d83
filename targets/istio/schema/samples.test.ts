import { existsSync, globSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { istioKinds } from "./kinds.ts";
import { schemaViolations } from "./schema-violations.ts";
import schemasFile from "./schemas.generated.json" with { type: "json" };

interface Sample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name?: string };
  /** What Istio's own tests expect its API server to say about the object. */
  readonly _err?: string;
}

const modules = process.env.GOMODCACHE || join(process.env.GOPATH || join(homedir(), "go"), "pkg/mod");
const istio = join(modules, `istio.io/istio@${schemasFile.istio}`);
const kinds = new Set<string>(istioKinds);

function samples(folder: string): readonly (readonly [where: string, sample: Sample])[] {
  return globSync("**/*.yaml", { cwd: join(istio, folder) }).flatMap((file) =>
    parseAllDocuments(readFileSync(join(istio, folder, file), "utf8")).flatMap((document) => {
      // Templates are no YAML.
      if (document.errors.length > 0) return [];
      const sample = document.toJS() as Sample | null;
      const ours = sample !== null && kinds.has(sample.kind) && sample.apiVersion.includes(".istio.io/");
      return ours ? [[`${file} ${sample.kind} ${sample.metadata?.name}`, sample] as const] : [];
    }),
  );
}

// The Istio module is in Go's cache wherever the conformance rig has been built; it is not copied here.
describe.skipIf(!existsSync(istio))("the pinned Istio's own objects", () => {
  test("are accepted where they are samples", () => {
    const found = samples("samples");
    expect(found.length).toBeGreaterThan(50);
    for (const [where, sample] of found) expect([where, schemaViolations(sample)]).toEqual([where, []]);
  });

  test("are refused exactly where Istio's tests of its CRDs expect it", () => {
    const found = samples("pkg/config/validation/testdata/crds");
    expect(found.length).toBeGreaterThan(30);
    const disagreements = found.filter(([, { _err: expected, ...object }]) => {
      const violations = schemaViolations(object);
      return violations.length > 0 !== (expected !== undefined);
    });
    // Go's YAML takes `[001:db8::]` for a list of text, YAML 1.2 for a list of a map.
    expect(disagreements.map(([where]) => where)).toEqual(["serviceentry-valid.yaml ServiceEntry full"]);
  });
});
