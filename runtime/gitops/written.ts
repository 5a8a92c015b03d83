import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import { fieldManager, ownedFields, type ClusterObject, type FieldSet, type WantedObject } from "./cluster/index.ts";
import type { Labels } from "./record.ts";

/** An object of a cluster as `emit` would have written it. */
export const asWritten = ({ apiVersion, kind, metadata, spec }: ClusterObject, labels: Labels): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    labels: Object.fromEntries(Object.entries(metadata.labels ?? {}).filter(([key]) => !(key in labels))),
  },
  spec: (spec ?? {}) as KubernetesObject["spec"],
});

/** By creation, then by name (istio, `pkg/config/sort`). */
export const byAge = (a: ClusterObject, b: ClusterObject): number => (ageOf(a) < ageOf(b) ? -1 : 1);
const ageOf = ({ metadata }: ClusterObject): string =>
  `${metadata.creationTimestamp ?? ""} ${metadata.name}.${metadata.namespace ?? ""}`;

/**
 * Whether an apply of `wanted` would change nothing that is ours: each field says what is wanted, and we own no other. What others own
 * beside that is theirs. Where a webhook or a default changes what we say, it looks changed, and is applied once more.
 */
export const isAsWanted = (wanted: WantedObject, live: ClusterObject): boolean => {
  const before = compared.get(wanted);
  if (before?.live === live) return before.isSame;
  const isSame = isCompared(wanted, live);
  compared.set(wanted, { live, isSame });
  return isSame;
};

/** A pass asks more than once about the same two. */
const compared = new WeakMap<WantedObject, { readonly live: ClusterObject; readonly isSame: boolean }>();

const isCompared = (wanted: WantedObject, live: ClusterObject): boolean => {
  const hasLabels = Object.entries(wanted.metadata.labels ?? {}).every(
    ([key, value]) => live.metadata.labels?.[key] === value,
  );
  const spec = wanted["spec"] as object;
  const { "f:spec": owned = {} } = ownedFields(live, fieldManager);
  return (
    hasLabels &&
    says(spec, live.spec, owned) &&
    ownsOnly(owned, spec) &&
    Object.keys(spec).every((field) => `f:${field}` in owned)
  );
};

/** Maps are compared by what is wanted of them; lists as a whole, unless their items are owned one by one. */
const says = (wanted: unknown, live: unknown, owned: FieldSet): boolean => {
  if (isMap(wanted))
    return (
      isMap(live) && Object.entries(wanted).every(([key, value]) => says(value, live[key], owned[`f:${key}`] ?? {}))
    );
  const isShared = Object.keys(owned).some((path) => path.startsWith("k:"));
  return Array.isArray(wanted) && Array.isArray(live) && isShared
    ? wanted.every((item) => live.some((other) => isDeepStrictEqual(item, other)))
    : isDeepStrictEqual(wanted, live);
};

const ownsOnly = (owned: FieldSet, wanted: unknown): boolean =>
  Object.entries(owned).every(([path, below]) => {
    if (!path.startsWith("f:")) return true;
    const value = isMap(wanted) ? wanted[path.slice(2)] : undefined;
    return value !== undefined && ownsOnly(below, value);
  });

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
