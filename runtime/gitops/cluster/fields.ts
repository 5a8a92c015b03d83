import { isDeepStrictEqual } from "node:util";
import type { ClusterObject, FieldSet } from "./api.ts";

/**
 * The fields that a manager applied and still owns, as FieldsV1 (Kubernetes, "Server-Side Apply"). What it owns of a subresource
 * is not among them.
 */
export const ownedFields = (object: ClusterObject, manager: string): FieldSet =>
  object.metadata.managedFields?.find(
    (entry) =>
      entry.manager === manager &&
      entry.operation === "Apply" &&
      entry.apiVersion === object.apiVersion &&
      (entry.subresource ?? "") === "",
  )?.fieldsV1 ?? {};

/** An annotation as a manager applied it: what somebody else wrote there is none. */
export const ownAnnotation = (object: ClusterObject, manager: string, name: string): string | undefined => {
  const { "f:metadata": { "f:annotations": owned = {} } = {} } = ownedFields(object, manager);
  return `f:${name}` in owned ? object.metadata.annotations?.[name] : undefined;
};

/** Whether any field of an object was set by a manager in any way, by any version. */
export const isManagedBy = (object: ClusterObject, manager: string): boolean =>
  object.metadata.managedFields?.some(
    (entry) => entry.manager === manager && entry.operation === "Apply" && (entry.subresource ?? "") === "",
  ) ?? false;

/**
 * Whether somebody else changed what we set. `applied` is the API server's own answer to our last apply, so its normal forms,
 * defaults and webhooks are in both, and no request is needed for each event of a watch: a field that others changed, removed
 * or took by force has left our set of fields, and the values of the rest are compared for the case of another process of
 * our name. What others own and what the API server fills in is in no set of ours.
 */
export const hasDrifted = (applied: ClusterObject, live: ClusterObject, manager: string): boolean => {
  if (live.metadata.uid !== applied.metadata.uid) return true;
  const owned = ownedFields(applied, manager);
  return !isDeepStrictEqual(owned, ownedFields(live, manager)) || !isSame(owned, applied, live);
};

const isSame = (fields: FieldSet, applied: unknown, live: unknown): boolean => {
  const below = Object.entries(fields).filter(([path]) => path !== ".");
  // `{".": {}}` owns that the thing is there, and nothing in it.
  if (below.length === 0)
    return "." in fields ? (applied === undefined) === (live === undefined) : isDeepStrictEqual(applied, live);
  return below.every(([path, rest]) => isSame(rest, at(applied, path), at(live, path)));
};

/** One step along a FieldsV1 path; undefined where nothing is. */
const at = (value: unknown, path: string): unknown => {
  const [kind, rest] = [path.slice(0, 2), path.slice(2)];
  if (kind === "f:")
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[rest] : undefined;
  if (!Array.isArray(value)) return undefined;
  const wanted: unknown = JSON.parse(rest);
  if (kind === "i:") return value[wanted as number];
  if (kind === "v:") return value.find((item) => isDeepStrictEqual(item, wanted));
  return value.find((item) =>
    Object.entries(wanted as object).every(([key, part]) =>
      isDeepStrictEqual((item as Record<string, unknown> | null)?.[key], part),
    ),
  );
};
