import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import { once } from "../../lib/graph/once.ts";
import type { External, Ingress, MeshConfig, Policy } from "../../lib/intent/index.ts";

/** An intent and where its author wrote it. */
export interface Authored<I> {
  readonly intent: I;
  readonly origin: Origin;
}

/** Everything a mesh folder says, sorted by kind. */
export interface Intents {
  readonly config: MeshConfig;
  readonly policies: readonly Authored<Policy>[];
  readonly externals: readonly Authored<External>[];
  readonly ingresses: readonly Authored<Ingress>[];
}

/** What evaluation leaves behind: each module's default export as plain data. */
export interface EvaluatedModule {
  readonly module: string;
  readonly value: unknown;
}

/** Sorts default exports by kind; a list of intents counts as its members. */
export const intents = (
  config: MeshConfig,
  modules: readonly EvaluatedModule[],
): { readonly value: Intents; readonly diagnostics: readonly Diagnostic[] } => {
  const sorted = modules.map(sortedModule);
  return {
    value: {
      config,
      policies: sorted.flatMap(({ policies }) => policies),
      externals: sorted.flatMap(({ externals }) => externals),
      ingresses: sorted.flatMap(({ ingresses }) => ingresses),
    },
    diagnostics: sorted.flatMap(({ diagnostics }) => diagnostics),
  };
};

type Sorted = Omit<Intents, "config"> & { readonly diagnostics: readonly Diagnostic[] };

/** A module that nobody edited keeps its intents: whoever remembers by them finds them again. */
const sortedModule = once(({ module, value }: EvaluatedModule): Sorted => {
  const policies: Authored<Policy>[] = [];
  const externals: Authored<External>[] = [];
  const ingresses: Authored<Ingress>[] = [];
  const diagnostics: Diagnostic[] = [];
  const sort = (member: unknown, origin: Origin): void => {
    if (Array.isArray(member)) return member.forEach((each, index) => sort(each, at(origin, index)));
    const kind = kindOf(member);
    if (kind === "policy") policies.push({ intent: member as Policy, origin });
    else if (kind === "external") externals.push({ intent: member as External, origin });
    else if (kind === "ingress") ingresses.push({ intent: member as Ingress, origin });
    else diagnostics.push(diagnostic("MESH1001", { module }, { place: { origin } }));
  };
  sort(value, { module, path: [] });
  return { policies, externals, ingresses, diagnostics };
});

const kindOf = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, $kind } = value as { readonly kind?: unknown; readonly $kind?: unknown };
  return kind ?? $kind;
};
