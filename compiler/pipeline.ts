import { failed, type Diagnostic, type Staged } from "../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../lib/diagnostics/origin.ts";
import type { Span } from "../lib/diagnostics/span.ts";
import type { Placement } from "../lib/graph/placement.ts";
import { loading, locate, readyToReload, reloaded, startAhead, type LoadMemory } from "./load/index.ts";
import type { Compiled } from "./resolved.ts";
import { readPlacement } from "./snapshot/read-placement.ts";
import type { Snapshot } from "./snapshot/graph-files.ts";
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
  /** Called with what a later compilation of the same folder can begin with, where nothing was wrong. */
  readonly remember?: (memory: CompileMemory) => void;
}

/** What a compilation leaves for one after an edit: `recompiled`. */
export interface CompileMemory {
  readonly load: LoadMemory;
  readonly snapshot: Snapshot;
  readonly compiled: Compiled;
}

/** policies ─ load ─▶ intent ─ lower (with the graph) ─▶ mesh ─ validate. No value where anything is wrong. */
export const compile = async (folder: string, options: CompileOptions = {}): Promise<Staged<Compiled>> => {
  // The processes that check types and evaluate start while the rest of the compiler comes in.
  const [{ evaluated, checked, memory }, snapshot, { resolved }] = await Promise.all([
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
  if (memory !== undefined && snapshot.value !== undefined && ahead.value !== undefined)
    options.remember?.({ load: memory, snapshot: snapshot.value, compiled: ahead.value });
  return { value: ahead.value, diagnostics: [...diagnostics, ...ahead.diagnostics] };
};

/**
 * The same folder after some policies changed; types are not checked, and nothing else may have changed. Undefined where
 * that takes a whole compilation, as it does whenever something is wrong: its diagnostics are the ones to show.
 */
export const recompiled = async (
  { load, snapshot, compiled }: CompileMemory,
  changed: ReadonlySet<string>,
  { environment, remember }: Pick<CompileOptions, "environment" | "remember">,
): Promise<Staged<Compiled> | undefined> => {
  const [{ resolved }, memory] = await Promise.all([import("./resolved.ts"), reloaded(load, changed, { environment })]);
  if (memory === undefined) return undefined;
  const staged = resolved(memory.loaded, snapshot, environment, compiled);
  if (staged.value === undefined) return undefined;
  remember?.({ load: memory, snapshot, compiled: staged.value });
  return staged;
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

/** Has the process ready in which policies are evaluated: for whoever will compile again at a moment's notice. */
export const readyToCompile = (
  memory: CompileMemory | undefined,
  { environment }: Pick<CompileOptions, "environment">,
): void => {
  if (memory === undefined) startAhead({ locked: true });
  else readyToReload(memory.load, { environment });
};
