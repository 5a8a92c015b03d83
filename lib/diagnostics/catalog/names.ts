import { entry, list } from "./entry.ts";

/** MESH405x and MESH406x: names that the graph must have, and what can be reached under them. */
export const namesCodes = {
  MESH4050: entry<{ readonly kind: string; readonly name: string; readonly near: string | undefined }>({
    severity: "error",
    name: "a-name-is-in-the-graph",
    message: ({ kind, name, near }) =>
      `there is no ${kind} \`${name}\` in the graph${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
    fix: () => "sync the graph (`mesh-compile graph sync`), or correct the name",
  }),
  MESH4051: entry<{
    readonly service: string;
    readonly subset: string;
    readonly subsets: readonly string[];
    readonly near: string | undefined;
  }>({
    severity: "error",
    name: "a-subset-is-in-the-graph",
    message: ({ service, subset, subsets, near }) =>
      `${service} has no subset \`${subset}\`${near === undefined ? `; it has ${subsets.length === 0 ? "none" : list(subsets)}` : `; did you mean \`${near}\`?`}`,
    fix: () => "sync the graph (`mesh-compile graph sync`), or correct the name",
  }),
  MESH4052: entry<{ readonly host: string }>({
    severity: "error",
    name: "an-external-is-exported",
    message: ({ host }) => `the external service ${host} is used, but no module exports it`,
    fix: () => "make it a module's default export: `export default external(…)`",
  }),
  MESH4053: entry<{ readonly service: string; readonly port: number }>({
    severity: "error",
    name: "a-used-port-says-what-it-speaks",
    message: ({ service, port }) =>
      `port ${port} of ${service} says neither by \`appProtocol\` nor by its name what it speaks`,
    fix: () => "set `appProtocol: http` (or tcp, grpc, …) on the Service's port, then sync the graph",
  }),
  MESH4054: entry<{ readonly workload: string; readonly other: string }>({
    severity: "error",
    name: "a-workload-can-be-told-from-others",
    message: ({ workload, other }) =>
      `the labels of ${workload} also pick ${other}, so what is meant for it would be laid on both`,
    fix: ({ workload }) => `give the pods of ${workload} a label of their own`,
  }),
  MESH4057: entry<{ readonly service: string }>({
    severity: "error",
    name: "an-alias-is-no-service",
    message: ({ service }) => `${service} is of type ExternalName: an alias in DNS, which proxies cannot route by`,
    fix: () => "name the service behind it, or declare the host with `external(…)`",
  }),
  MESH4058: entry<{ readonly service: string }>({
    severity: "error",
    name: "a-subset-is-not-called-any",
    message: ({ service }) => `the subset \`any\` of ${service} cannot be told from the whole service`,
    fix: () => "give its workloads another value of the subset label, then sync the graph",
  }),
  MESH4055: entry<{ readonly service: string }>({
    severity: "error",
    name: "a-policy-has-workloads",
    message: ({ service }) =>
      `${service} selects no workload of the graph: there is nobody whom \`mtls\`, \`allow\`, \`deny\` or \`uses\` could be about`,
    fix: () => "sync the manifests of its workloads into the graph, or leave these out",
  }),
  MESH4056: entry<{ readonly host: string; readonly port: number; readonly other: string }>({
    severity: "error",
    name: "an-external-port-is-free",
    message: ({ host, port, other }) => `${host} is called with HTTP on port ${port}, where ${other} carries no HTTP`,
    fix: () => "call the external service on another port: one port of a caller's proxy speaks one protocol",
  }),
};
