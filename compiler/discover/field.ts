import { diagnostic, type Code, type ParametersOf } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic, Related } from "../../lib/diagnostics/diagnostic.ts";
import type { Labels } from "../../lib/graph/graph.ts";
import { spanAt, type Range } from "../source-text.ts";
import type { YamlEntry, YamlNode } from "../yaml.ts";
import { isLabelKey, isLabelValue } from "../../lib/graph/kubernetes-name.ts";
import type { ManifestText } from "./inputs.ts";

/** What was found while reading; stages add to it and go on, so that one run tells all. */
export type Findings = Diagnostic[];

/** A field of a manifest, there or not, which knows its name and place and complains about its shape. */
export interface Field {
  readonly text: ManifestText;
  /** `Service shop/reviews`. */
  readonly object: string;
  /** `spec.ports[0].port`. */
  readonly path: string;
  readonly node: YamlNode | undefined;
  /** Its own place, or its parent's if it is not there. */
  readonly range: Range;
  readonly findings: Findings;
}

export const report = <C extends Code>(
  field: Field,
  code: C,
  parameters: ParametersOf<C>,
  related: readonly Related[] = [],
): void => {
  field.findings.push(diagnostic(code, parameters, { place: { span: spanAt(field.text, field.range) }, related }));
};

export const refuseShape = (field: Field, expected: string): undefined => {
  report(field, "MESH4009", { object: field.object, field: field.path, expected, found: described(field.node) });
};

/** Whether the field says anything: Kubernetes reads `null` as nothing. */
export const isSet = ({ node }: Field): boolean =>
  node !== undefined && !(node.kind === "scalar" && node.value === null);

/** The field below, by name. What is below a field that is no mapping is refused once, at the mapping. */
export const below = (field: Field, name: string): Field => {
  const path = field.path === "" ? name : `${field.path}.${name}`;
  const entry = entryOf(field, name);
  return entry ? { ...field, path, node: entry.value, range: entry.value.range } : { ...field, path, node: undefined };
};

const entryOf = ({ node }: Field, name: string): YamlEntry | undefined =>
  node?.kind === "map" ? node.entries.get(name) : undefined;

/** The mapping below, along a path; absent where nothing is written, undefined (and reported) where something else is. */
export const section = (field: Field, ...names: readonly string[]): Field | undefined => {
  let at = field;
  for (const name of names) {
    at = below(at, name);
    if (!isMapping(at)) return undefined;
  }
  return at;
};

/** False, and reported, when it is there and no mapping. */
export const isMapping = (field: Field): boolean => {
  if (!isSet(field) || field.node?.kind === "map") return true;
  refuseShape(field, "a mapping");
  return false;
};

export const textOf = (field: Field): string | undefined => {
  if (!isSet(field)) return undefined;
  if (field.node?.kind === "scalar" && typeof field.node.value === "string") return field.node.value;
  return refuseShape(field, `text${field.node?.kind === "scalar" ? " (put it in quotes)" : ""}`);
};

export const flagOf = (field: Field): boolean | undefined => {
  if (!isSet(field)) return undefined;
  if (field.node?.kind === "scalar" && typeof field.node.value === "boolean") return field.node.value;
  return refuseShape(field, "true or false");
};

export const wholeNumberOf = (field: Field, least: number, most: number): number | undefined => {
  if (!isSet(field)) return undefined;
  const value = field.node?.kind === "scalar" ? field.node.value : undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  return refuseShape(field, `a whole number from ${least} to ${most}`);
};

export const portOf = (field: Field): number | undefined => wholeNumberOf(field, 1, 65535);

/** The items of a list; none if it is not there. */
export const itemsOf = (field: Field): readonly Field[] => {
  if (!isSet(field)) return [];
  if (field.node?.kind !== "list") {
    refuseShape(field, "a list");
    return [];
  }
  return field.node.items.map((node, index) => ({
    ...field,
    path: `${field.path}[${index}]`,
    node,
    range: node.range,
  }));
};

export const wordsOf = (field: Field): readonly string[] => itemsOf(field).flatMap((item) => textOf(item) ?? []);

/** Annotations, or any mapping from text to text, sorted by key: equal manifests in another order are equal. */
export const textsOf = (field: Field): Labels => {
  if (!isMapping(field) || field.node?.kind !== "map") return {};
  const texts = [...field.node.entries.keys()].flatMap((key) => {
    const value = below(field, key);
    const text = isSet(value) ? textOf(value) : "";
    return text === undefined ? [] : [[key, text] as const];
  });
  return Object.fromEntries(texts.sort(([a], [b]) => (a < b ? -1 : 1)));
};

/** Labels, whose keys and values Kubernetes restricts: they are written into selectors as they are. */
export const labelsOf = (field: Field): Labels => {
  const labels = textsOf(field);
  for (const [key, value] of Object.entries(labels)) {
    const place = below(field, key);
    if (!isLabelKey(key))
      report(place, "MESH4010", {
        what: "a label",
        name: key,
        rule: "letters, digits, `-`, `_` and `.`, at most 63, perhaps after a DNS name and `/`",
      });
    if (!isLabelValue(value))
      report(place, "MESH4010", {
        what: "a label's value",
        name: value,
        rule: "letters, digits, `-`, `_` and `.`, at most 63, with a letter or digit at both ends",
      });
  }
  return labels;
};

const described = (node: YamlNode | undefined): string => {
  if (node === undefined) return "missing";
  if (node.kind === "map") return "a mapping";
  if (node.kind === "list") return "a list";
  const { value } = node;
  if (value === null) return "empty";
  if (typeof value === "string")
    return `the text ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
  return typeof value === "number" ? `the number ${value}` : String(value);
};
