import { failed, type Diagnostic, type Staged } from "../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../lib/diagnostics/origin.ts";
import type { Span } from "../lib/diagnostics/span.ts";
import type { Placement } from "../lib/graph/placement.ts";
import { loading, locate } from "./load/index.ts";
import type { Compiled } from "./resolved.ts";
import { readPlacement } from "./snapshot/read-placement.ts";
import { readSnapshot } from "./snapshot/read-snapshot.ts";

export interface CompileOptions {
  readonly environment?: string | undefined;
  /** False leaves the type check out: for whoever has just run it in the editor. */
  readonly types?: boolean;
  /**
   * Called with what compiled before it is known whether its types are right: for work to be done meanwhile, which is
   * thrown away if they are not.
   */
  readonly meanwhile?: (compiled: Compiled) => void;
}

/** policies ─ load ─▶ intent ─ lower (with the graph) ─▶ mesh ─ validate. No value where anything is wrong. */
export const compile = async (folder: string, options: CompileOptions = {}): Promise<Staged<Compiled>> => {
  // The processes that check types and evaluate start while the rest of the compiler comes in.
  const [{ evaluated, checked }, snapshot, { resolved }] = await Promise.all([
    loading(folder, { types: options.types ?? true, environment: options.environment }),
    readSnapshot(folder),
    import("./resolved.ts"),
  ]);
  // Types are still being checked; what is worked out meanwhile counts only if they are right.
  const ahead =
    evaluated.value && snapshot.value ? resolved(evaluated.value, snapshot.value, options.environment) : undefined;
  if (ahead?.value) options.meanwhile?.(ahead.value);
  const diagnostics = withoutConsequences((await checked).diagnostics, snapshot.diagnostics);
  if (failed(diagnostics) || ahead === undefined) return { value: undefined, diagnostics };
  return { value: ahead.value, diagnostics: [...diagnostics, ...ahead.diagnostics] };
};

/** Where there is no mesh there is no graph either, and without a graph no import from it and no type holds. */
const withoutConsequences = (loaded: readonly Diagnostic[], snapshot: readonly Diagnostic[]): Diagnostic[] => {
  const noMesh = loaded.filter(({ code }) => code === "MESH0001" || code === "MESH0002");
  if (noMesh.length > 0) return noMesh;
  const noGraph = snapshot.filter(({ code }) => code === "MESH4030");
  return noGraph.length > 0 ? noGraph : [...loaded, ...snapshot];
};

/** Where the workloads of what compiled run: asked by those alone who tell proxies of addresses. */
export const placementOf = (folder: string, { graph }: Pick<Compiled, "graph">): Promise<Staged<Placement>> =>
  readPlacement(folder, graph);

/** Where authored values stand, found by evaluating once more with marks; asked only for what must be shown. */
export const spansOf = (
  folder: string,
  { environment }: Pick<CompileOptions, "environment">,
  origins: readonly Origin[],
): Promise<ReadonlyMap<Origin, Span>> =>
  locate(folder, { types: false, ...(environment !== undefined && { environment }) }, origins);
