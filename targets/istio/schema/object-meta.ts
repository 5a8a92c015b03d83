/** A JSON schema (draft 2020-12 subset) as a plain tree. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const text = { type: "string" } as const;
const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}(\\.${label})*`;
const namePart = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";
const labelKey = `^(${subdomain}/)?${namePart}$`;
// Upper case is allowed in the prefix of an annotation's key, because the server folds it before it looks.
const annotationKey = `^(${subdomain.replaceAll("a-z", "A-Za-z")}/)?${namePart}$`;

/**
 * CRDs leave `metadata` to the API server. This is what the server itself holds to be true of it
 * (names: RFC 1123; label keys and values: Kubernetes "Labels and Selectors"), closed like every other level.
 */
export const objectMeta: JsonSchema = {
  type: "object",
  additionalProperties: false,
  required: ["name"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 253, pattern: `^${subdomain}$` },
    generateName: text,
    namespace: { type: "string", minLength: 1, maxLength: 63, pattern: `^${label}$` },
    labels: {
      type: "object",
      propertyNames: { maxLength: 317, pattern: labelKey },
      additionalProperties: { type: "string", maxLength: 63, pattern: "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$" },
    },
    annotations: {
      type: "object",
      propertyNames: { maxLength: 317, pattern: annotationKey },
      additionalProperties: text,
    },
    // Written by the server; an object read back from a cluster carries them.
    uid: text,
    resourceVersion: text,
    selfLink: text,
    generation: { type: "integer" },
    creationTimestamp: { type: ["string", "null"] },
    deletionTimestamp: text,
    deletionGracePeriodSeconds: { type: "integer" },
    finalizers: { type: "array", items: text },
    ownerReferences: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["apiVersion", "kind", "name", "uid"],
        properties: {
          apiVersion: text,
          kind: text,
          name: text,
          uid: text,
          controller: { type: "boolean" },
          blockOwnerDeletion: { type: "boolean" },
        },
      },
    },
    managedFields: { type: "array", items: { type: "object" } },
  },
};
