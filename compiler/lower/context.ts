import type { Code, ParametersOf } from "../../lib/diagnostics/catalog.ts";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic, Related } from "../../lib/diagnostics/diagnostic.ts";
import { nearest } from "../../lib/diagnostics/nearest.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import { idOf, type ServiceGraph } from "../../lib/graph/graph.ts";
import { named, type Named } from "../../lib/graph/named.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import type { Intents } from "./intents.ts";

/** What every part of lowering looks things up in, and reports to. */
export interface Context extends Named {
  readonly graph: ServiceGraph;
  readonly platform: Platform;
  readonly intents: Intents;
  readonly report: Report;
}

export type Report = <C extends Code>(
  code: C,
  parameters: ParametersOf<C>,
  origin: Origin,
  related?: readonly Related[],
) => void;

/** Reports a name that the graph does not have, with the nearest of its kind. */
export const reportUnknown = (
  kind: "namespace" | "service" | "workload" | "gateway",
  name: string,
  origin: Origin,
  { graph, report }: Context,
): void => {
  const candidates =
    kind === "namespace"
      ? graph.namespaces.map((namespace) => namespace.name)
      : (kind === "service" ? graph.services : graph.workloads).map(idOf);
  report("MESH4050", { kind, name, near: nearest(name, candidates) }, origin);
};

export const context = (
  graph: ServiceGraph,
  platform: Platform,
  intents: Intents,
): { readonly value: Context; readonly diagnostics: readonly Diagnostic[] } => {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (code, parameters, origin, related) => {
    diagnostics.push(diagnostic(code, parameters, { place: { origin }, related }));
  };
  const value: Context = { graph, platform, intents, ...named(graph), report };
  return { value, diagnostics };
};
