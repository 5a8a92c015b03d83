import { entry, list, type Nothing } from "./entry.ts";

/** MESH3xxx: who is who, and who may what. */
export const identityCodes = {
  MESH3001: entry<Nothing>({
    severity: "error",
    name: "a-grant-names-callers",
    message: () => "a grant without callers grants nothing",
    fix: () => 'name callers, `"authenticated"` or `"anyone"`; to let nobody in write `allow: "nobody"`',
  }),
  MESH3002: entry<{ readonly service: string }>({
    severity: "error",
    name: "a-caller-has-workloads",
    message: ({ service }) => `${service} has no workloads in the graph, so no identity that could be named`,
    fix: () => "name the workload that calls, or sync its manifests into the graph",
  }),
  MESH3003: entry<{ readonly account: string; readonly meant: readonly string[]; readonly others: readonly string[] }>({
    severity: "warning",
    name: "a-grant-reaches-only-whom-it-names",
    message: ({ account, others }) =>
      `this also speaks of ${list(others)}: they run as the same service account, ${account}`,
    fix: ({ meant }) => `give ${list(meant)} a service account of ${meant.length === 1 ? "its" : "their"} own`,
  }),
  MESH3004: entry<{ readonly callee: string }>({
    severity: "error",
    name: "callers-are-known-by-mtls",
    message: ({ callee }) => `${callee} has mTLS disabled, so no caller has an identity and this never matches`,
    fix: () => 'use mtls "strict" or "permissive", or say `from: "anyone"`',
  }),
  MESH3005: entry<{ readonly caller: string }>({
    severity: "error",
    name: "a-named-caller-has-a-proxy",
    message: ({ caller }) => `${caller} has no proxy, so it cannot prove its identity and this never matches`,
    fix: () => "bring the caller into the mesh, or grant by something else",
  }),
  MESH3006: entry<{ readonly caller: string; readonly callee: string }>({
    severity: "warning",
    name: "a-used-service-lets-its-users-in",
    message: ({ caller, callee }) => `${caller} uses ${callee}, which lets none of its requests in`,
    fix: ({ caller, callee }) => `allow ${caller} in the policy of ${callee}, or take it from \`uses\``,
  }),
  MESH3007: entry<{ readonly subject: string; readonly port: number | undefined }>({
    severity: "error",
    name: "http-conditions-need-http",
    message: ({ subject, port }) =>
      `methods and paths are asked here, but ${port === undefined ? "no port" : `port ${port}`} of ${subject} carries ${port === undefined ? "" : "no "}HTTP`,
    fix: () => "set `appProtocol: http` on the Service's port, or authorize by caller only",
  }),
  MESH3008: entry<{ readonly service: string; readonly other: string }>({
    severity: "error",
    name: "services-on-one-workload-agree-on-access",
    message: ({ service, other }) =>
      `${service} says who may call, which closes its workloads; ${other} runs on the same ones and says nothing`,
    fix: ({ other }) => `write \`allow\` in the policy of ${other}, be it "anyone"`,
  }),
  MESH3009: entry<{ readonly workload: string; readonly modes: readonly string[] }>({
    severity: "error",
    name: "one-mtls-mode-for-one-workload",
    message: ({ workload, modes }) => `${workload} is told to be ${list(modes)} by two policies`,
    fix: () => "let one of them decide, or give both the same mode",
  }),
  MESH3011: entry<{ readonly service: string }>({
    severity: "error",
    name: "callers-can-tell-who-wants-mtls",
    message: ({ service }) =>
      `mTLS is disabled in the namespace of ${service}, and its workloads do not agree on it: callers choose for all of them`,
    fix: () => "give all workloads of the service one mode, in the service's policy",
  }),
  MESH3012: entry<{ readonly list: "methods" | "paths" }>({
    severity: "error",
    name: "a-condition-names-something",
    message: ({ list: name }) => `an empty list of ${name} matches nothing here, and everything for the platform`,
    fix: ({ list: name }) => `name at least one, or leave \`${name}\` out to mean all`,
  }),
  MESH3013: entry<{ readonly service: string; readonly port: string; readonly numbers: readonly number[] }>({
    severity: "error",
    name: "a-guarded-port-is-one-number",
    message: ({ service, port, numbers }) =>
      `the port \`${port}\` of ${service} is ${list(numbers.map(String))} on different workloads, and access is granted by number`,
    fix: () => "give the container port one number in all workloads of the service",
  }),
  MESH3014: entry<{ readonly namespace: string }>({
    severity: "error",
    name: "a-namespace-speaks-for-itself",
    message: ({ namespace }) =>
      `a policy about ${namespace}, where the control plane lives, would speak for the whole mesh`,
    fix: () => "say it in `defaults` of mesh.config.ts if the whole mesh is meant, or about single services",
  }),
  MESH3010: entry<{ readonly caller: string; readonly callee: string }>({
    severity: "warning",
    name: "strict-callees-have-proxied-callers",
    message: ({ caller, callee }) =>
      `${caller} has no proxy and calls ${callee}, which accepts only mTLS: its calls are refused`,
    fix: ({ caller, callee }) => `bring ${caller} into the mesh, or make ${callee} permissive`,
  }),
  MESH3015: entry<{ readonly action: "allow" | "deny" }>({
    severity: "warning",
    name: "a-grant-adds-something",
    message: ({ action }) =>
      `this ${action === "allow" ? "grant" : "refusal"} changes nothing: the others say all of it already`,
    fix: () => "take it away, or say what the others leave open",
  }),
  MESH3016: entry<Nothing>({
    severity: "warning",
    name: "a-grant-is-not-refused",
    message: () => "this grant never acts: everything in it is refused by `deny`, which is asked first",
    fix: () => "narrow the refusal, or take the grant away",
  }),
  MESH3017: entry<{ readonly host: string; readonly status: number }>({
    severity: "warning",
    name: "a-refusal-is-made-by-the-callee",
    message: ({ host, status }) =>
      `the ${status} comes from callers' own proxies: ${host} itself serves these requests to whoever has none or calls past it`,
    fix: () => "write `deny` for the same requests in this policy as well",
  }),
};
