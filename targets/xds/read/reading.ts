import { diagnostic } from "../../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../../lib/diagnostics/origin.ts";
import type { ServiceGraph, WorkloadId } from "../../../lib/graph/graph.ts";
import type { Placement } from "../../../lib/graph/placement.ts";
import type { Platform } from "../../../lib/graph/platform.ts";

/** What reading looks things up in; what a mesh cannot hold is reported here. */
export interface Reading {
  readonly graph: ServiceGraph;
  readonly platform: Platform;
  readonly placement: Placement;
  readonly diagnostics: Diagnostic[];
}

/** One node of a resource, with the way to it. Every field is taken by name; what nobody took is reported. */
export interface Node {
  readonly value: unknown;
  readonly at: string;
  readonly object: string;
}

/** `shop/alpha-v1 listener virtualInbound`, as diagnostics name it. */
export const resourceNode = (workload: WorkloadId, type: string, name: string, message: unknown): Node => ({
  value: message,
  at: "",
  object: `${workload} ${type} ${name}`,
});

export const originOf = ({ object }: Node): Origin => ({ module: object, path: [] });

export const unreadable = (node: Node, reading: Reading): void => {
  reading.diagnostics.push(
    diagnostic("MESH5003", { object: node.object, at: node.at }, { place: { origin: originOf(node) } }),
  );
};

/** A field's way, also of one that is not there and should be. */
export const below = (node: Node, name: string | number, value?: unknown): Node => ({
  value,
  at: `${node.at}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`,
  object: node.object,
});

/** Fields that change nothing that a mesh speaks of, each with the reason. */
export type Harmless = Readonly<Record<string, string>>;

/** The fields of a node, which may have these, and those that are known to be harmless, and no others. */
export const fields = <F extends string>(
  node: Node | undefined,
  names: readonly F[],
  reading: Reading,
  harmless: Harmless = {},
): { readonly [K in F]: Node | undefined } => {
  const found: { [K in F]?: Node } = {};
  if (node === undefined) return found as { readonly [K in F]: Node | undefined };
  for (const [name, value] of Object.entries((node.value ?? {}) as Readonly<Record<string, unknown>>)) {
    const field = below(node, name, value);
    if ((names as readonly string[]).includes(name)) found[name as F] = field;
    else if (value !== undefined && name !== "@type" && !Object.hasOwn(harmless, name)) unreadable(field, reading);
  }
  return found as { readonly [K in F]: Node | undefined };
};

export const items = (node: Node | undefined): readonly Node[] =>
  ((node?.value ?? []) as readonly unknown[]).map((value, index) => below(node!, index, value));

export const entries = (node: Node | undefined): readonly (readonly [string, Node])[] =>
  Object.entries((node?.value ?? {}) as Readonly<Record<string, unknown>>).map(([name, value]) => [
    name,
    below(node!, name, value),
  ]);

export const text = (node: Node | undefined): string => (typeof node?.value === "string" ? node.value : "");
export const number = (node: Node | undefined): number => Number(node?.value ?? 0);
export const texts = (node: Node | undefined): readonly string[] => items(node).map(text);

/** The full name of the message that stands where any may. */
export const typeOf = (node: Node | undefined): string =>
  String((node?.value as { readonly "@type"?: string } | undefined)?.["@type"] ?? "").replace(/^.*\//, "");

/** Reports each of these fields of a node that has none of the values that are listed for it; `undefined`: it may be absent. */
export const settled = (
  node: Node,
  found: Readonly<Record<string, Node | undefined>>,
  allowed: Readonly<Record<string, readonly unknown[]>>,
  reading: Reading,
): void => {
  for (const [name, values] of Object.entries(allowed)) {
    const field = found[name];
    if (!values.some((value) => JSON.stringify(value) === JSON.stringify(field?.value)))
      unreadable(field ?? below(node, name), reading);
  }
};

/** Milliseconds of a duration in protobuf's JSON. */
export const milliseconds = (node: Node): number =>
  Number((Number.parseFloat(text(node).replace(/s$/, "")) * 1000).toFixed(6));
