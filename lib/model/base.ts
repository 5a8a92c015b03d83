import type { Origin } from "../diagnostics/origin.ts";
import { idOf, type Service, type ServiceGraph, type ServicePort, type Workload } from "../graph/graph.ts";
import { named } from "../graph/named.ts";
import type { Platform } from "../graph/platform.ts";
import { carriesHttp, type Protocol } from "../graph/protocol.ts";
import type { Destination, Host, MeshWorkload, SpiffeId } from "./mesh.ts";
import { noEdits, type RetryPolicy, type Route } from "./route.ts";

/** What a mesh means before anybody has said anything: the graph under the platform's defaults. */

export const hostOf = (service: { readonly namespace: string; readonly name: string }, platform: Platform): Host =>
  `${service.name}.${service.namespace}.svc.${platform.clusterDomain}`;

export const identityOf = (workload: Workload, platform: Platform): SpiffeId =>
  `spiffe://${platform.trustDomain}/ns/${workload.namespace}/sa/${workload.serviceAccount}`;

/** Weights are whole numbers in units of a ten-thousandth of a percent: 100 % is this. */
export const wholeWeight = 1_000_000;

const workloadsKnown = new WeakMap<
  ServiceGraph,
  { readonly platform: Platform; readonly value: readonly MeshWorkload[] }
>();

/** The graph's workloads with their identities, and what services say arrives on their ports; made once for each graph. */
export const baseWorkloads = (graph: ServiceGraph, platform: Platform): readonly MeshWorkload[] => {
  const known = workloadsKnown.get(graph);
  if (known?.platform === platform) return known.value;
  const value = workloadsOf(graph, platform);
  workloadsKnown.set(graph, { platform, value });
  return value;
};

const workloadsOf = (graph: ServiceGraph, platform: Platform): readonly MeshWorkload[] =>
  graph.workloads
    .map((workload): MeshWorkload => {
      const id = idOf(workload);
      const ports = new Map<number, Protocol>();
      for (const service of named(graph).servicesOf(id)) {
        for (const port of service.ports)
          if (port.protocol !== "udp" && port.protocol !== "undeclared")
            ports.set(targetOf(service, port, graph), port.protocol);
      }
      return {
        id,
        namespace: workload.namespace,
        name: workload.name,
        labels: workload.labels,
        identity: identityOf(workload, platform),
        proxy: workload.proxy,
        excludedPorts: workload.excludedPorts,
        ports: [...ports].map(([number, protocol]) => ({ number, protocol })).sort((a, b) => a.number - b.number),
      };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));

/** Everything that the graph has to call, with nothing said about it. */
export const baseDestinations = (graph: ServiceGraph, platform: Platform): readonly Destination[] =>
  graph.services
    .filter(({ kind }) => kind !== "external-name")
    .map((service) => baseDestination(service, graph, platform, { module: service.source, path: [] }));

/** A service with nothing said about it: every request to any of its workloads. */
export const baseDestination = (
  service: Service,
  graph: ServiceGraph,
  platform: Platform,
  origin: Origin,
): Destination => {
  const host = hostOf(service, platform);
  const { name, namespace } = service;
  return {
    host,
    namespace,
    aliases: { anywhere: [`${name}.${namespace}`, `${name}.${namespace}.svc`], sameNamespace: [name] },
    kind: service.kind === "external-name" ? "unselected" : service.kind,
    ports: service.ports
      .filter(({ protocol }) => protocol !== "udp")
      .map((port) => ({
        number: port.number,
        name: port.name,
        // A port that nobody named is forwarded whole; a law refuses policies that would need to know more.
        protocol: port.protocol === "undeclared" ? "tcp" : port.protocol,
        target: targetOf(service, port, graph),
        tls: { mode: "mesh" },
        routes: carriesHttp(port.protocol) ? [defaultRoute(host, port.number, platform, origin)] : [],
      })),
    subsets: service.subsets,
    workloads: service.workloads,
    resolution: "platform",
    origin,
  };
};

/** A named target is the number that the workloads give it. */
export const targetOf = (service: Service, port: ServicePort, graph: ServiceGraph): number => {
  if (typeof port.target === "number") return port.target;
  for (const id of service.workloads) {
    const number = named(graph)
      .workload(id)
      ?.ports.find(({ name }) => name === port.target)?.number;
    if (number !== undefined) return number;
  }
  return port.number;
};

/** What a port does when nobody says anything: any workload, no limit, the platform's retries. */
export const defaultRoute = (host: Host, port: number, platform: Platform, origin: Origin): Route => ({
  matches: [{ path: { kind: "any" }, headers: [] }],
  backends: [{ host, port, subset: "any", weight: wholeWeight }],
  directResponse: "none",
  timeout: "none",
  retries: defaultRetries(platform),
  requestHeaders: noEdits,
  responseHeaders: noEdits,
  origin,
});

/** The platform's retries for a route that says nothing about them. */
export const defaultRetries = (platform: Platform): RetryPolicy | "none" =>
  platform.defaultRetries.attempts === 0
    ? "none"
    : retryPolicy(platform.defaultRetries.attempts, "none", retryConditions(platform));

/** The platform's conditions for retries that name none. */
export const retryConditions = ({ defaultRetries: { on } }: Platform): readonly (string | number)[] =>
  on.map((condition) => (/^\d+$/.test(condition) ? Number(condition) : condition));

/** Conditions in a total order. Envoy acts on statuses only beside `retriable-status-codes`, and on that word only beside statuses. */
export const retryPolicy = (
  attempts: number,
  perTry: number | "none",
  on: readonly (string | number)[],
): RetryPolicy => {
  const statuses = [...new Set(on.filter((condition) => typeof condition === "number"))].sort((a, b) => a - b);
  const words = new Set(on.filter((condition) => typeof condition === "string"));
  words.delete("retriable-status-codes");
  if (statuses.length > 0) words.add("retriable-status-codes");
  return { attempts, perTry, on: [...words].sort(), statuses };
};
