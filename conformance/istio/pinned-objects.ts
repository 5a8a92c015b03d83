import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { istioKinds } from "../../targets/istio/schema/kinds.ts";
import { schemaViolations } from "../../targets/istio/schema/schema-violations.ts";
import schemas from "../../targets/istio/schema/schemas.generated.json" with { type: "json" };
import type { Verdicts } from "../suite.ts";

interface PinnedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name?: string };
  /** What Istio's own tests expect its API server to say about the object. */
  readonly _err?: string;
}

/**
 * Our schemas against the release that they were generated from: they are what its CRDs generate, they accept its
 * samples, and they refuse what its own tests of the CRDs expect to be refused.
 */
export const pinnedObjects = async (istioFiles: string, verdicts: Verdicts): Promise<void> => {
  await generated(istioFiles, verdicts);

  const samples = objects(join(istioFiles, "samples"));
  const refused = samples.filter(([, object]) => schemaViolations(object).length > 0);
  if (samples.length < 50) verdicts.fail("Istio's samples", `there are only ${String(samples.length)}`);
  else if (refused.length > 0) verdicts.fail("Istio's samples", `refused: ${names(refused)}`);
  else verdicts.pass(`the schemas accept Istio's ${String(samples.length)} samples`);

  const tested = objects(join(istioFiles, "pkg/config/validation/testdata/crds"));
  const disagreements = tested.filter(([where, { _err: expected, ...object }]) => {
    // Go's YAML takes `[001:db8::]` for a list of text, YAML 1.2 for a list of a map.
    const isMisread = where === "serviceentry-valid.yaml ServiceEntry full";
    return schemaViolations(object).length > 0 !== (expected !== undefined || isMisread);
  });
  if (tested.length < 30) verdicts.fail("Istio's tests of its CRDs", `there are only ${String(tested.length)}`);
  else if (disagreements.length > 0) verdicts.fail("Istio's tests of its CRDs", names(disagreements));
  else verdicts.pass(`the schemas refuse what Istio's ${String(tested.length)} tests of its CRDs refuse`);
};

const generated = async (istioFiles: string, verdicts: Verdicts): Promise<void> => {
  const generator = join(import.meta.dirname, "../../targets/istio/schema/generate.ts");
  const definitions = join(istioFiles, "manifests/charts/base/files/crd-all.gen.yaml");
  try {
    await promisify(execFile)(process.execPath, [generator, "--check", definitions, schemas.istio]);
    verdicts.pass("the schemas are what the pinned Istio's CRDs generate");
  } catch (error) {
    verdicts.fail("the schemas are what the pinned Istio's CRDs generate", (error as { stderr: string }).stderr);
  }
};

const kinds = new Set<string>(istioKinds);

type Named = readonly [where: string, object: PinnedObject];

const objects = (folder: string): readonly Named[] =>
  globSync("**/*.yaml", { cwd: folder }).flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), "utf8")).flatMap((document): readonly Named[] => {
      // Templates are no YAML.
      if (document.errors.length > 0) return [];
      const object = document.toJS() as PinnedObject | null;
      const ours = object !== null && kinds.has(object.kind) && object.apiVersion.includes(".istio.io/");
      return ours ? [[`${file} ${object.kind} ${String(object.metadata?.name)}`, object]] : [];
    }),
  );

const names = (of: readonly Named[]): string => of.map(([where]) => where).join(", ");
