import type { CrdSchema } from "./crd.ts";
import { type JsonSchema, objectMeta } from "./object-meta.ts";

/** Keywords that mean the same in JSON schema. `default` is left out: a default is the server's business, not a constraint. */
const shared = [
  "enum",
  "pattern",
  "required",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
] as const;
const sharedObject = ["minProperties", "maxProperties"] as const;
/** Keywords that constrain nothing, or that `rule-tree.ts` reads. */
const elsewhere = new Set([
  "description",
  "default",
  "nullable",
  "type",
  "format",
  "properties",
  "additionalProperties",
  "items",
  "oneOf",
  "anyOf",
  "allOf",
  "not",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-int-or-string",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-validations",
  ...shared,
  ...sharedObject,
]);

/** Formats become plain keywords, so that the generated code needs no format library. */
const formats: Readonly<Record<string, JsonSchema>> = {
  "integer:int32": { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
  // JSON numbers are doubles here: beyond 2^53 an integer could not be carried faithfully.
  "integer:int64": { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
  "number:double": {},
  "number:float": {},
  "string:byte": { pattern: "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$" },
  "string:date-time": {
    pattern:
      "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?([Zz]|[-+]([01][0-9]|2[0-3]):[0-5][0-9])$",
  },
  "string:duration": { pattern: "^[-+]?(0|([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$" },
};

/**
 * The CRD's schema of one node as a closed JSON schema. The API server drops or refuses fields that the CRD does not
 * name; JSON schema accepts them unless told otherwise, so every object level says `additionalProperties`.
 * Throws on a keyword or format that it does not know: a silent gap would let bad objects through.
 */
export function closedSchema(node: CrdSchema, path = ""): JsonSchema {
  for (const keyword of Object.keys(node)) {
    if (!elsewhere.has(keyword)) throw new Error(`${path}: unknown schema keyword ${keyword}`);
  }
  const schema: Record<string, unknown> = {};
  if (node["x-kubernetes-int-or-string"] === true) {
    schema.type = ["integer", "string"];
  } else if (node.type !== undefined) {
    schema.type = node.nullable === true ? [node.type, "null"] : node.type;
  } else if (path !== "" && node["x-kubernetes-preserve-unknown-fields"] !== true) {
    throw new Error(`${path}: a structural schema states its type`);
  }
  if (node.format !== undefined) {
    const format = formats[`${node.type}:${node.format}`];
    if (format === undefined) throw new Error(`${path}: unknown format ${node.type}:${node.format}`);
    Object.assign(schema, format);
  }
  for (const keyword of shared) if (node[keyword] !== undefined) schema[keyword] = narrowed(schema, node, keyword);
  for (const keyword of sharedObject) if (node[keyword] !== undefined) schema[keyword] = node[keyword];
  if (node.properties !== undefined) {
    schema.properties = Object.fromEntries(
      Object.entries(node.properties).map(([name, child]) => [name, closedSchema(child, `${path}/${name}`)]),
    );
  }
  if (node.items !== undefined) schema.items = closedSchema(node.items, `${path}/[]`);
  if (node.type === "object" && node["x-kubernetes-preserve-unknown-fields"] !== true) {
    schema.additionalProperties =
      node.additionalProperties === undefined ? false : closedSchema(node.additionalProperties, `${path}/{}`);
  }
  for (const keyword of ["oneOf", "anyOf", "allOf"] as const) {
    if (node[keyword] !== undefined && node["x-kubernetes-int-or-string"] !== true)
      schema[keyword] = node[keyword].map((branch) => condition(branch, `${path}#${keyword}`));
  }
  if (node.not !== undefined) schema.not = condition(node.not, `${path}#not`);
  return schema;
}

/** A node's own bound is kept where it is tighter than the one its format implies. */
function narrowed(schema: Record<string, unknown>, node: CrdSchema, keyword: (typeof shared)[number]): unknown {
  const implied = schema[keyword];
  if (typeof implied === "number" && keyword === "minimum") return Math.max(implied, node.minimum ?? implied);
  if (typeof implied === "number" && keyword === "maximum") return Math.min(implied, node.maximum ?? implied);
  if (implied !== undefined) throw new Error(`${keyword} of a node collides with its format`);
  return node[keyword];
}

/** Schemas below oneOf, anyOf, allOf and not only ask which fields are there; they describe no level, so nothing is closed. */
function condition(node: CrdSchema, path: string): JsonSchema {
  const schema: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(node)) {
    if (keyword === "required") schema.required = value;
    else if (keyword === "not") schema.not = condition(value as CrdSchema, `${path}#not`);
    else if (keyword === "oneOf" || keyword === "anyOf" || keyword === "allOf")
      schema[keyword] = (value as readonly CrdSchema[]).map((branch) => condition(branch, `${path}#${keyword}`));
    else throw new Error(`${path}: unknown keyword ${keyword} in a condition`);
  }
  return schema;
}

/** The closed schema of a whole object of `kind`, with the parts that a CRD leaves to the API server. */
export function objectSchema(kind: string, apiVersions: readonly string[], crd: CrdSchema): JsonSchema {
  const closed = closedSchema(crd);
  return {
    ...closed,
    type: "object",
    additionalProperties: false,
    required: ["apiVersion", "kind", "metadata", ...((closed.required as readonly string[] | undefined) ?? [])],
    properties: {
      apiVersion: { enum: apiVersions },
      kind: { const: kind },
      metadata: objectMeta,
      ...(closed.properties as Record<string, unknown>),
    },
  };
}
