import { diagnostic } from "../lib/diagnostics/catalog.ts";
import { failed, type Diagnostic, type Staged } from "../lib/diagnostics/diagnostic.ts";
import { nearest } from "../lib/diagnostics/nearest.ts";
import type { ServiceGraph } from "../lib/graph/graph.ts";
import type { Platform } from "../lib/graph/platform.ts";
import type { MeshConfig } from "../lib/intent/index.ts";
import type { Mesh } from "../lib/model/mesh.ts";
import type { Loaded } from "./load/index.ts";
import { lower } from "./lower/index.ts";
import { intents, type Intents } from "./lower/intents.ts";
import { shapeViolations } from "./shape/shape-violations.ts";
import { shared } from "./shared.ts";
import type { Snapshot } from "./snapshot/graph-files.ts";
import { violations } from "./validate/index.ts";

export interface Compiled {
  readonly intents: Intents;
  readonly graph: ServiceGraph;
  readonly platform: Platform;
  readonly mesh: Mesh;
}

/**
 * What plain data means, with the graph: all that follows loading, apart so that it can be read in while modules are loaded.
 * After an edit, what came out `before` lends its parts to what says the same.
 */
export const resolved = (
  { config, modules, environments }: Loaded,
  { graph, platform }: Snapshot,
  environment: string | undefined,
  before?: Compiled,
): Staged<Compiled> => {
  const diagnostics: Diagnostic[] = [...shapeViolations(config, modules)];
  if (failed(diagnostics)) return { value: undefined, diagnostics };
  diagnostics.push(...unknownEnvironments(config as MeshConfig, environment, environments));
  if (failed(diagnostics)) return { value: undefined, diagnostics };
  const sorted = intents(config as MeshConfig, modules);
  const lowered = lower(sorted.value, graph, platform);
  diagnostics.push(...sorted.diagnostics, ...lowered.diagnostics);
  if (lowered.value === undefined) return { value: undefined, diagnostics };
  const mesh = shared(before?.mesh, lowered.value);
  diagnostics.push(...violations({ ...sorted.value, ...mesh, graph }));
  const value: Compiled = { intents: sorted.value, graph, platform, mesh };
  return { value: failed(diagnostics) ? undefined : value, diagnostics };
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
