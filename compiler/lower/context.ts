import type { Code, ParametersOf } from "../../lib/diagnostics/catalog.ts";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic, Related } from "../../lib/diagnostics/diagnostic.ts";
import { nearest } from "../../lib/diagnostics/nearest.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import { idOf, type ServiceGraph } from "../../lib/graph/graph.ts";
import { named, type Named } from "../../lib/graph/named.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import type { External } from "../../lib/intent/index.ts";
import { shared } from "../shared.ts";
import type { Intents } from "./intents.ts";

/** What every part of lowering looks things up in, and reports to. */
export interface Context extends Named {
  readonly graph: ServiceGraph;
  readonly platform: Platform;
  readonly intents: Intents;
  readonly report: Report;
  readonly remembered: Remembered;
  readonly unlessSame: UnlessSame;
}

/**
 * What a part of lowering makes of one authored intent, or of a service without one, made once: both are immutable, and whoever
 * compiles again after an edit has most of them again. INVARIANT: `make` looks at nothing but `about`, the graph, the platform,
 * the mesh's configuration and its externals. What had something to report is made again, so that it is reported again.
 */
export type Remembered = <T>(part: string, about: object, make: () => T) => T;

/**
 * What a part of lowering makes of all intents together, made again unless what it is given says the same as before.
 * INVARIANT: `make` looks at nothing but what it is given, the graph and the platform, and reports nothing.
 */
export type UnlessSame = <G extends object, T>(part: string, given: G, make: (given: G) => T) => T;

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
  const { made, wholes } = memoryOf(graph, platform, intents);
  const remembered: Remembered = <T>(part: string, about: object, make: () => T): T => {
    const known = made.get(part) ?? new WeakMap<object, unknown>();
    made.set(part, known);
    const found = known.get(about);
    if (found !== undefined) return found as T;
    const before = diagnostics.length;
    const value = make();
    if (diagnostics.length === before) known.set(about, value);
    return value;
  };
  const unlessSame: UnlessSame = <G extends object, T>(part: string, given: G, make: (given: G) => T): T => {
    const before = wholes.get(part) as { readonly given: G; readonly value: T } | undefined;
    const now = shared(before?.given, given);
    if (before?.given === now) return before.value;
    const value = make(now);
    wholes.set(part, { given: now, value });
    return value;
  };
  const value: Context = { graph, platform, intents, ...named(graph), report, remembered, unlessSame };
  return { value, diagnostics };
};

interface Memory {
  readonly platform: Platform;
  readonly config: Intents["config"];
  readonly externals: readonly External[];
  /** By part. */
  readonly made: Map<string, WeakMap<object, unknown>>;
  readonly wholes: Map<string, { readonly given: object; readonly value: unknown }>;
}

const memories = new WeakMap<ServiceGraph, Memory>();

/** The memory of the compilation before, if all that intents were lowered against is the same. */
const memoryOf = (graph: ServiceGraph, platform: Platform, intents: Intents): Memory => {
  const externals = intents.externals.map(({ intent }) => intent);
  const known = memories.get(graph);
  const isSame =
    known?.platform === platform &&
    known.config === intents.config &&
    known.externals.length === externals.length &&
    known.externals.every((external, index) => external === externals[index]);
  if (known !== undefined && isSame) return known;
  const memory: Memory = { platform, config: intents.config, externals, made: new Map(), wholes: new Map() };
  memories.set(graph, memory);
  return memory;
};
