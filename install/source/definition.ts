import { defaults } from "../../runtime/gitops/spec/settings.ts";

/** The custom resource definition of MeshSync: what one cluster takes from one repository, and what became of it. */
const duration = (byDefault: string, description: string) => ({
  type: "string",
  pattern: "^[0-9]{1,9}(\\.[0-9]{1,3})?(ms|s|m|h|d)$",
  default: byDefault,
  description,
});
const consent = (description: string) => ({ type: "boolean", default: false, description });
const count = (description: string) => ({ type: "integer", minimum: 0, description });
const commit = (description: string) => ({ type: "string", maxLength: 64, description });

const spec = {
  type: "object",
  required: ["source"],
  properties: {
    source: {
      type: "object",
      required: ["url"],
      description:
        "Where commits come from. A token, where one is needed, is a file of the program, and goes to the origins alone that were named with it: see the chart's `token`.",
      properties: {
        url: {
          type: "string",
          maxLength: 2048,
          // What stands before an @ would be readable to all who may read this object.
          pattern: "^https?://[^@/]+(/.*)?$",
          description: "Of a Git repository over HTTP(S), without credentials.",
        },
        branch: { type: "string", minLength: 1, maxLength: 255, default: defaults.branch },
        path: { type: "string", maxLength: 1024, default: "", description: "The mesh folder within the repository." },
      },
    },
    environment: {
      type: "string",
      minLength: 1,
      maxLength: 255,
      description: "One of the environments that mesh.config.ts declares.",
    },
    interval: duration(defaults.interval, "Between looks at the branch."),
    types: {
      type: "boolean",
      default: true,
      description: "Whether types are checked; whoever has that done before a change is merged may leave it out.",
    },
    istiod: {
      type: "array",
      maxItems: 32,
      "x-kubernetes-list-type": "set",
      items: { type: "string", maxLength: 2048, pattern: "^https?://[^@/]+/?$" },
      description:
        "istiod's monitoring port, such as http://istiod.istio-system:15014, each address of which is a replica: a step is followed by the next when every proxy has it. Its origin has to be among those of the program's token for istiod: see the chart's `istiodTokenFor`.",
    },
    settleTimeout: duration(defaults.settleTimeout, "How long proxies may take for a step."),
    settle: duration(defaults.settle, "How long a step is given where no istiod is named."),
    consent: {
      type: "object",
      default: {},
      description: "What is refused otherwise.",
      properties: {
        empty: consent("A commit that asks for nothing may delete everything."),
        unsafe: consent("Steps may be carried out that break calls on the way, or of which that is not known."),
        adopt: consent("Objects that are there already become this inventory's, where nobody else owns their fields."),
      },
    },
  },
};

const condition = {
  type: "object",
  required: ["type", "status", "lastTransitionTime", "reason", "message"],
  properties: {
    type: { type: "string", maxLength: 316, pattern: "^[A-Za-z]([-A-Za-z0-9_./]*[A-Za-z0-9])?$" },
    status: { type: "string", enum: ["True", "False", "Unknown"] },
    observedGeneration: { type: "integer", format: "int64", minimum: 0 },
    lastTransitionTime: { type: "string", format: "date-time" },
    reason: { type: "string", minLength: 1, maxLength: 1024, pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$" },
    message: { type: "string", maxLength: 32_768 },
  },
};

const status = {
  type: "object",
  properties: {
    conditions: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
      items: condition,
      description: "Ready, and one for each stage of a pass: Fetched, Compiled, Planned, Applied, Settled.",
    },
    commit: commit("The commit that is in force."),
    attempted: commit("The commit that the last pass was about."),
    objects: count("Objects that were in force after the last pass that held."),
    warnings: count("Warnings of the commit that is in force."),
    rollout: {
      type: "object",
      description: "The last pass that held and wrote anything.",
      properties: {
        commit: commit("What it brought."),
        created: count("Objects created."),
        changed: count("Objects changed."),
        deleted: count("Objects deleted."),
        steps: count("Steps that were waited for."),
      },
    },
  },
};

const column = (name: string, jsonPath: string, more: object = {}) => ({ name, type: "string", jsonPath, ...more });
const ready = (field: string): string => `.status.conditions[?(@.type=="Ready")].${field}`;

export const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "meshsyncs.meshwright.dev" },
  spec: {
    group: "meshwright.dev",
    scope: "Namespaced",
    names: { kind: "MeshSync", listKind: "MeshSyncList", plural: "meshsyncs", singular: "meshsync" },
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          column("Ready", ready("status")),
          column("Reason", ready("reason")),
          column("Commit", ".status.commit"),
          column("Age", ".metadata.creationTimestamp", { type: "date" }),
          column("Message", ready("message"), { priority: 1 }),
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            required: ["spec"],
            description: "What one cluster takes from one repository, and what became of it.",
            properties: { spec, status },
          },
        },
      },
    ],
  },
};
