import { diagnostic } from "../lib/diagnostics/catalog.ts";
import { failed, type Diagnostic, type Staged } from "../lib/diagnostics/diagnostic.ts";
import { nearest } from "../lib/diagnostics/nearest.ts";
import type { ServiceGraph } from "../lib/graph/graph.ts";
import type { Platform } from "../lib/graph/platform.ts";
import type { MeshConfig } from "../lib/intent/index.ts";
import type { Mesh } from "../lib/model/mesh.ts";
import type { Snapshot } from "./snapshot/graph-files.ts";
import { readSnapshot } from "./snapshot/read-snapshot.ts";
import { loading, type Loaded } from "./load/index.ts";
import type { Intents } from "./lower/intents.ts";

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

export interface Compiled {
  readonly intents: Intents;
  readonly graph: ServiceGraph;
  readonly platform: Platform;
  readonly mesh: Mesh;
}

/** policies ─ load ─▶ intent ─ lower (with the graph) ─▶ mesh ─ validate. No value where anything is wrong. */
export const compile = async (
  folder: string,
  options: CompileOptions = {},
): Promise<{ readonly value: Compiled | undefined; readonly diagnostics: readonly Diagnostic[] }> => {
  // The processes that check types and evaluate start while the rest of the compiler comes in.
  const [{ evaluated, checked }, snapshot, { intents, lower, shapeViolations, violations }] = await Promise.all([
    loading(folder, {
      types: options.types ?? true,
      ...(options.environment !== undefined && { environment: options.environment }),
    }),
    readSnapshot(folder),
    import("./stages.ts"),
  ]);
  // Types are still being checked; what is worked out meanwhile counts only if they are right.
  const ahead =
    evaluated.value && snapshot.value
      ? resolved(evaluated.value, snapshot.value, options, { intents, lower, shapeViolations, violations })
      : undefined;
  if (ahead?.value) options.meanwhile?.(ahead.value);
  const diagnostics = withoutConsequences((await checked).diagnostics, snapshot.diagnostics);
  if (failed(diagnostics) || ahead === undefined) return { value: undefined, diagnostics };
  return { value: ahead.value, diagnostics: [...diagnostics, ...ahead.diagnostics] };
};

/** What plain data means, with the graph. */
const resolved = (
  { config, modules, environments }: Loaded,
  { graph, platform }: Snapshot,
  { environment }: CompileOptions,
  { intents, lower, shapeViolations, violations }: typeof import("./stages.ts"),
): Staged<Compiled> => {
  const diagnostics: Diagnostic[] = [...shapeViolations(config, modules)];
  if (failed(diagnostics)) return { value: undefined, diagnostics };
  diagnostics.push(...unknownEnvironments(config as MeshConfig, environment, environments));
  if (failed(diagnostics)) return { value: undefined, diagnostics };
  const sorted = intents(config as MeshConfig, modules);
  const lowered = lower(sorted.value, graph, platform);
  diagnostics.push(...sorted.diagnostics, ...lowered.diagnostics);
  if (lowered.value === undefined) return { value: undefined, diagnostics };
  diagnostics.push(...violations({ intents: sorted.value, graph, mesh: lowered.value }));
  const value: Compiled = { intents: sorted.value, graph, platform, mesh: lowered.value };
  return { value: failed(diagnostics) ? undefined : value, diagnostics };
};

/** Where there is no mesh there is no graph either, and without a graph no import from it and no type holds. */
const withoutConsequences = (loaded: readonly Diagnostic[], snapshot: readonly Diagnostic[]): Diagnostic[] => {
  const noMesh = loaded.filter(({ code }) => code === "MESH0001" || code === "MESH0002");
  if (noMesh.length > 0) return noMesh;
  const noGraph = snapshot.filter(({ code }) => code === "MESH4030");
  return noGraph.length > 0 ? noGraph : [...loaded, ...snapshot];
};

/** A misspelt environment would silently mean the default. */
const unknownEnvironments = (
  config: MeshConfig,
  chosen: string | undefined,
  varied: readonly { readonly environment: string; readonly module: string }[],
): readonly Diagnostic[] => {
  const known = config.environments ?? [];
  const unknown = (environment: string) => diagnosticParameters(environment, known);
  const wrong = varied.filter(({ environment }) => !known.includes(environment));
  return [
    ...(chosen === undefined || known.includes(chosen)
      ? []
      : [
          diagnostic("MESH1005", unknown(chosen), {
            place: { origin: { module: "mesh.config.ts", path: ["environments"] } },
          }),
        ]),
    ...wrong.map(({ environment, module }) =>
      diagnostic("MESH1005", unknown(environment), { place: { origin: { module, path: [] } } }),
    ),
  ];
};

const diagnosticParameters = (environment: string, known: readonly string[]) => ({
  environment,
  known,
  near: nearest(environment, known),
});
