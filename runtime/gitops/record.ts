import { hash } from "node:crypto";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import { fieldManager, ownAnnotation, type ClusterObject, type WantedObject } from "./cluster/index.ts";

/** What every object of ours carries. */
export type Labels = Readonly<Record<string, string>>;

/** One object of ours: what was asked for, and the API server's answer to it. */
export interface Held {
  readonly wanted: WantedObject;
  readonly stored: ClusterObject;
}

/** What was applied last is kept on the object itself: a field that somebody else took since is in no set of ours any more. */
const annotation = "meshwright.dev/applied";

/** A pass asks for each more than once. */
const known = new WeakMap<KubernetesObject, { readonly labels: Labels; readonly wanted: WantedObject }>();

/** An object as it is applied: with what tells whose it is, and the record. The same for the same. */
export const labelled = (object: KubernetesObject, labels: Labels): WantedObject => {
  const before = known.get(object);
  if (before?.labels === labels) return before.wanted;
  const { metadata, ...rest } = object;
  const wanted = {
    ...rest,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...labels },
      annotations: { [annotation]: [inventoryIn(labels), digestOf(object), ...fieldsIn(rest.spec, ".spec")].join(" ") },
    },
  };
  known.set(object, { labels, wanted });
  return wanted;
};

/**
 * The fields that were applied last for this inventory, as the API server writes them (`.spec.hosts`); undefined where nothing tells, or
 * somebody else wrote what does.
 */
export const recorded = (live: ClusterObject, labels: Labels): readonly string[] | undefined => {
  const [inventory, digest, ...fields] = (ownAnnotation(live, fieldManager, annotation) ?? "").split(" ");
  return digest !== undefined && inventory === inventoryIn(labels) ? [...fields, ...ownFields(labels)] : undefined;
};

/** Every field that an apply of an object says. */
export const fieldsOf = ({ metadata, ...object }: WantedObject): readonly string[] => [
  ...fieldsIn(object["spec"], ".spec"),
  ...ownFields(metadata.labels ?? {}),
];

/** Whether a field was among what was applied: the field itself, or an item of a list that was. */
export const isAmong = (fields: readonly string[], field: string): boolean =>
  fields.some((known) => field === known || field.startsWith(`${known}[`));

/** What is ours on every object, whatever is recorded. */
const ownFields = (labels: Labels): readonly string[] => [
  `.metadata.annotations.${annotation}`,
  ...Object.keys(labels).map((key) => `.metadata.labels.${key}`),
];

/** Of everything that an object asks for. */
const digestOf = ({ spec, metadata }: KubernetesObject): string =>
  hash("sha256", JSON.stringify([spec, metadata.labels ?? {}]), "base64url").slice(0, 22);

/** Whether an object asks for what was applied last. */
export const isAsRecorded = (object: KubernetesObject, live: ClusterObject, labels: Labels): boolean => {
  const noted = ownAnnotation(live, fieldManager, annotation);
  return noted !== undefined && noted === labelled(object, labels).metadata.annotations?.[annotation];
};

const inventoryIn = (labels: Labels): string => Object.values(labels).join(",");

/** Lists are said as a whole. */
const fieldsIn = (value: unknown, path: string): readonly string[] => {
  const below = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  return below.length === 0
    ? [path]
    : below.flatMap(([key, one]) => (one === undefined ? [] : fieldsIn(one, `${path}.${key}`)));
};

/** Who else set fields of an object. */
export const managersOf = (live: ClusterObject | undefined): readonly string[] => [
  ...new Set(
    (live?.metadata.managedFields ?? []).flatMap(({ manager }) =>
      manager === undefined || manager === fieldManager ? [] : [manager],
    ),
  ),
];
