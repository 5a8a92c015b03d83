import { isDeepStrictEqual } from "node:util";
import { nameOf, type KubernetesObject } from "../../targets/istio/object.ts";
import { ClusterError, type ClusterApi, type ClusterObject, type FieldSet, type ObjectKind } from "./cluster/api.ts";
import { isManagedBy, ownedFields } from "./cluster/fields.ts";
import { fieldManager } from "./cluster/client.ts";
import type { Inventory } from "./inventory/inventory.ts";

/** What a cluster holds of the kinds that matter, by name (`VirtualService shop/cart`). */
export interface Found {
  /** In the order of their age, as Istio counts it. */
  readonly ours: ReadonlyMap<string, ClusterObject>;
  readonly foreign: ReadonlyMap<string, ClusterObject>;
  /** Kinds that the API server does not have. */
  readonly missing: readonly ObjectKind[];
}

export const kindKey = ({ apiVersion, kind }: ObjectKind): string => `${apiVersion} ${kind}`;

export const found = async (
  api: Pick<ClusterApi, "list">,
  kinds: readonly ObjectKind[],
  { label }: Pick<Inventory, "label">,
  signal: AbortSignal,
): Promise<Found> => {
  const missing: ObjectKind[] = [];
  const lists = await Promise.all(
    kinds.map((kind) =>
      api.list(kind, { signal }).catch((error: unknown) => {
        if (!(error instanceof ClusterError) || error.kind !== "no-such-kind") throw error;
        missing.push(kind);
        return { items: [] };
      }),
    ),
  );
  const isOurs = (object: ClusterObject): boolean =>
    object.metadata.labels?.[label.key] === label.value && isManagedBy(object, fieldManager);
  const all = lists.flatMap(({ items }) => items).sort(byAge);
  const named = (objects: readonly ClusterObject[]): ReadonlyMap<string, ClusterObject> =>
    new Map(objects.map((object) => [nameOf(asWritten(object, label.key)), object]));
  return {
    ours: named(all.filter(isOurs)),
    foreign: named(all.filter((object) => !isOurs(object))),
    missing,
  };
};

/** By creation, then by name (istio, `pkg/config/sort`). */
const byAge = (a: ClusterObject, b: ClusterObject): number => compared(ageOf(a), ageOf(b));
const ageOf = ({ metadata }: ClusterObject): string =>
  `${metadata.creationTimestamp ?? ""} ${metadata.name}.${metadata.namespace ?? ""}`;
const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** An object of a cluster as `emit` would have written it. */
export const asWritten = ({ apiVersion, kind, metadata, spec }: ClusterObject, labelKey: string): KubernetesObject => {
  const { [labelKey]: _, ...labels } = metadata.labels ?? {};
  return {
    apiVersion,
    kind,
    metadata: { name: metadata.name, namespace: metadata.namespace ?? "", labels },
    spec: (spec ?? {}) as KubernetesObject["spec"],
  };
};

/**
 * Whether an apply of `wanted` would change nothing that is ours: each field says what is wanted, and we own no other. What others own
 * beside that is theirs. Where a webhook or a default changes what we say, it looks changed, and is applied once more.
 */
export const isAsWanted = (wanted: KubernetesObject, live: ClusterObject): boolean => {
  const { labels = {} } = wanted.metadata;
  const hasLabels = Object.entries(labels).every(([key, value]) => live.metadata.labels?.[key] === value);
  if (!hasLabels || !says(wanted.spec, live.spec)) return false;
  const { "f:spec": owned = {} } = ownedFields(live, fieldManager);
  return ownsOnly(owned, wanted.spec) && ownsAll(owned, wanted.spec);
};

/** Maps are compared by what is wanted of them, lists as a whole but for those that several may add to. */
const says = (wanted: unknown, live: unknown): boolean => {
  if (isMap(wanted)) return isMap(live) && Object.entries(wanted).every(([key, value]) => says(value, live[key]));
  if (Array.isArray(wanted) && Array.isArray(live) && live.length > wanted.length)
    return wanted.every((item) => live.some((other) => isDeepStrictEqual(item, other)));
  return isDeepStrictEqual(wanted, live);
};

const ownsOnly = (owned: FieldSet, wanted: unknown): boolean =>
  Object.entries(owned).every(([path, below]) => {
    if (!path.startsWith("f:")) return true;
    const value = isMap(wanted) ? wanted[path.slice(2)] : undefined;
    return value !== undefined && ownsOnly(below, value);
  });

const ownsAll = (owned: FieldSet, wanted: object): boolean =>
  Object.keys(wanted).every((field) => `f:${field}` in owned);

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
