import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { child } from "../../../conformance/rig/process.ts";
import { freePort } from "../../../conformance/rig/free-port.ts";
import { noEdits } from "../../../lib/model/route.ts";
import type {
  Access,
  Cluster,
  GatewayPort,
  ProxyConfig,
  Route,
  RouteCandidate,
  VirtualHost,
} from "../../../targets/native/config.ts";
import { backends, type Backend, type Origins } from "../backend.ts";
import type { Security } from "../cases.ts";
import { backendIdentity, proxyIdentity, trustDomain } from "../certificates.ts";
import { canary, host, openPrefix, otherHost } from "../request.ts";
import { clusterName, retried, timeoutMs } from "../route.ts";
import type { Contestant, Surroundings } from "./contestant.ts";

const root = join(import.meta.dirname, "../../..");

/** As it is published, and until it is, from its source. */
const program = (): string =>
  [join(root, "dist/cli/mesh-proxy.js"), join(root, "cli/mesh-proxy.ts")].find((path) => existsSync(path)) ?? "";

export const meshProxy = async ({ directory, origins, identity }: Surroundings): Promise<Contestant> => {
  const ports = { plain: await freePort(), mtls: await freePort() };
  const [config, accessLog] = [join(directory, "mesh-proxy.json"), join(directory, "mesh-proxy.access.log")];
  writeFileSync(config, JSON.stringify(proxyConfig(origins, ports)));
  const argv = [
    process.execPath,
    program(),
    "run",
    ...["--config", config],
    ...["--identity", identity.folder],
    ...["--admin", `127.0.0.1:${await freePort()}`],
    ...["--access-log", accessLog],
  ];
  console.log(`$ ${argv.slice(1).join(" ").replaceAll(root, ".")}`);
  return { name: "meshwright", process: child(directory, "mesh-proxy", argv), ports, accessLog, rules: true };
};

const proxyConfig = (origins: Origins, ports: Readonly<Record<Security, number>>): ProxyConfig => {
  const securities = ["plain", "mtls"] as const;
  return {
    version: 1,
    workload: "shop/gateway",
    identity: proxyIdentity,
    trustDomain,
    pathNormalization: "base",
    listeners: securities.map((security) => gateway(security, ports[security])),
    clusters: Object.fromEntries(
      securities.flatMap((security) =>
        backends.map((backend) => [clusterName(backend, security), cluster(security, origins[backend][security])]),
      ),
    ),
  };
};

const cluster = (security: Security, port: number): Cluster => ({
  resolve: "static",
  endpoints: [{ address: "127.0.0.1", port, ...(security === "mtls" && { identity: backendIdentity }) }],
});

const gateway = (security: Security, port: number): GatewayPort => ({
  kind: "gateway",
  address: "127.0.0.1",
  port,
  targetPort: port,
  hosts: {
    virtualHosts: [
      virtualHost(
        host,
        [route("canary", security), route("stable", security)],
        [
          { route: 0, headers: [{ ...canary, kind: "exact" }] },
          { route: 1, headers: [] },
        ],
      ),
      virtualHost(otherHost, [route("other", security)], [{ route: 0, headers: [] }]),
    ],
    exact: { [host]: 0, [otherHost]: 1 },
    suffix: {},
  },
  access,
});

const virtualHost = (name: string, routes: readonly Route[], under: readonly RouteCandidate[]): VirtualHost => ({
  name,
  routes,
  paths: { under },
});

const route = (backend: Backend, security: Security): Route => ({
  split: [{ upTo: 1, cluster: clusterName(backend, security) }],
  timeout: timeoutMs,
  retries: { ...retried, perTry: "none" },
  requestHeaders: noEdits,
  responseHeaders: noEdits,
});

const nobody = { connection: false, otherMethods: false, methods: {} } as const;

/** Everybody may GET below the open prefix. */
const access: Access = {
  deny: { anonymous: 0, authenticated: 0, prefixes: {}, exact: {}, nodes: [nobody] },
  allow: {
    anonymous: 1,
    authenticated: 1,
    prefixes: {},
    exact: {},
    nodes: [nobody, { ...nobody, methods: { GET: { under: [], next: { [openPrefix]: { under: [true] } } } } }],
  },
};
