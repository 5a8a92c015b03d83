import { diagnostic } from "../../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../../lib/diagnostics/origin.ts";
import type { ServiceGraph } from "../../../lib/graph/graph.ts";
import type { Platform } from "../../../lib/graph/platform.ts";
import { nameOf, type KubernetesObject } from "../object.ts";

/** What reading looks things up in; an object that a mesh cannot hold is reported here. */
export interface Reading {
  readonly graph: ServiceGraph;
  readonly platform: Platform;
  /** Whether the objects are those of a moment of a rollout, of which some may be missing. */
  readonly isMoment: boolean;
  readonly diagnostics: Diagnostic[];
}

/** One node of an object, with the way to it. Every field is taken by name; what nobody took is reported. */
export interface Node {
  readonly value: unknown;
  readonly at: string;
  readonly object: KubernetesObject;
}

export const originOf = (object: KubernetesObject): Origin => ({ module: nameOf(object), path: [] });

export const unreadable = (node: Node, reading: Reading): void => {
  reading.diagnostics.push(
    diagnostic("MESH5003", { object: nameOf(node.object), at: node.at }, { place: { origin: originOf(node.object) } }),
  );
};

/** The fields of a node, which may have these and no others. */
export const fields = <F extends string>(
  node: Node | undefined,
  names: readonly F[],
  reading: Reading,
): { readonly [K in F]: Node | undefined } => {
  const found: { [K in F]?: Node } = {};
  const value = (node?.value ?? {}) as Readonly<Record<string, unknown>>;
  for (const [name, below] of Object.entries(value)) {
    const field: Node = { value: below, at: `${node?.at ?? ""}/${name}`, object: (node as Node).object };
    if ((names as readonly string[]).includes(name)) found[name as F] = field;
    else if (below !== undefined) unreadable(field, reading);
  }
  return found as { readonly [K in F]: Node | undefined };
};

export const items = (node: Node | undefined): readonly Node[] =>
  ((node?.value ?? []) as readonly unknown[]).map((value, index) => ({
    value,
    at: `${node?.at ?? ""}/${index}`,
    object: (node as Node).object,
  }));

export const entries = (node: Node | undefined): readonly (readonly [string, Node])[] =>
  Object.entries((node?.value ?? {}) as Readonly<Record<string, unknown>>).map(([name, value]) => [
    name,
    { value, at: `${node?.at ?? ""}/${name}`, object: (node as Node).object },
  ]);

export const text = (node: Node | undefined): string =>
  typeof node?.value === "string" ? node.value : JSON.stringify(node?.value ?? "").replace(/^""$/, "");
export const number = (node: Node | undefined): number => Number(node?.value ?? 0);
export const spec = (object: KubernetesObject): Node => ({ value: object.spec, at: "/spec", object });
