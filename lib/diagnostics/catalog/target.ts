import { entry, list, type Nothing } from "./entry.ts";

/** MESH5xxx: what a target can and cannot say. */
export const targetCodes = {
  MESH5002: entry<{ readonly required: string; readonly found: string }>({
    severity: "error",
    name: "the-platform-is-the-one-compiled-for",
    message: ({ required, found }) =>
      `the Istio target is made for Istio ${required}, but graph/platform.json says ${found}`,
    fix: () => "sync the graph from a platform of that release, or use the compiler made for yours",
  }),
  MESH5005: entry<Nothing>({
    severity: "error",
    name: "automatic-mtls-is-on",
    message: () => "the platform has automatic mTLS switched off, on which the Istio target relies",
    fix: () => "remove `enableAutoMtls: false` from the control plane's configuration, then sync the graph",
  }),
  MESH5006: entry<{ readonly aliases: readonly string[] }>({
    severity: "error",
    name: "one-trust-domain-is-meant",
    message: ({ aliases }) => `the platform takes callers of ${list(aliases)} for its own, which no grant here says`,
    fix: () => "remove `trustDomainAliases` from the control plane's configuration once they are not needed any more",
  }),
  MESH5007: entry<{ readonly what: string; readonly effect: string }>({
    severity: "warning",
    name: "what-proxies-call-is-placed",
    message: ({ what, effect }) => `nobody says where ${what} runs: ${effect}`,
    fix: () => "say it in placement.yaml",
  }),
  MESH5008: entry<{ readonly host: string; readonly port: number }>({
    severity: "warning",
    name: "proxies-keep-their-own-ports",
    message: ({ host, port }) =>
      `${host} is called on port ${port}, to which proxies have connections redirected: its callers do not get there`,
    fix: () => "give the service another port",
  }),
  MESH5009: entry<{ readonly host: string; readonly port: number; readonly protocol: string }>({
    severity: "warning",
    name: "proxies-read-what-is-spoken",
    message: ({ host, port, protocol }) =>
      `${host} speaks ${protocol} on port ${port}, and mesh-proxy reads HTTP/1.1 alone: calls to it are refused`,
    fix: () => "build it for Envoys (`--target xds`), or have it speak HTTP/1.1",
  }),
  MESH5003: entry<{ readonly object: string; readonly at: string }>({
    severity: "error",
    name: "an-object-can-be-read",
    message: ({ object, at }) => `${object} says something at \`${at}\` that a mesh cannot hold yet`,
    fix: () => "express it as a policy; until then nothing is known of what this object touches",
  }),
  MESH5004: entry<{ readonly object: string; readonly at: string; readonly violation: string }>({
    severity: "error",
    name: "an-object-has-its-kinds-schema",
    message: ({ object, at, violation }) => `${object} is refused by its schema at \`${at}\`: ${violation}`,
  }),
};
