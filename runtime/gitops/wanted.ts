import { compile, spansOf } from "../../compiler/pipeline.ts";
import type { PlanBase } from "../../compiler/rollout/proof/step-proof.ts";
import { failed, type Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { istio } from "../../targets/istio/index.ts";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import { kept, type Kept } from "../diagnostics/kept.ts";
import { PassFailure } from "./failure.ts";
import { firstLines } from "./first-lines.ts";

/** What a commit asks a cluster to hold. */
export interface Wanted extends PlanBase {
  readonly objects: readonly KubernetesObject[];
  readonly warnings: readonly Kept[];
}

export interface CompileOptions {
  readonly environment?: string | undefined;
  /** False where whoever merges has checked types already. */
  readonly types: boolean;
}

/** Compiles a mesh folder in processes that are locked up. Rejects with a `PassFailure` that says the lines. */
export const wantedOf = async (folder: string, options: CompileOptions): Promise<Wanted> => {
  const said = (diagnostics: readonly Diagnostic[]): Promise<readonly Kept[]> =>
    kept(diagnostics, (origins) => spansOf(folder, options, origins));
  const { value, diagnostics } = await compile(folder, options);
  const found = value === undefined ? diagnostics : [...diagnostics, ...istio.mismatches(value.platform)];
  const all = await said(found);
  if (value === undefined || failed(found)) throw new PassFailure("Compiled", "DoesNotCompile", inWords(all));
  return { objects: istio.emit(value.mesh), graph: value.graph, platform: value.platform, warnings: all };
};

const inWords = (diagnostics: readonly Kept[]): string =>
  firstLines(
    diagnostics
      .filter(({ severity }) => severity === "error")
      .map(({ code, message, at }) => `${at === undefined ? "" : `${at}: `}${message} (${code})`),
  );
