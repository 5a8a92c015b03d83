import { carriesHttp } from "../../../lib/graph/protocol.ts";
import type { Instance } from "../../../lib/graph/placement.ts";
import type { Backend, Route } from "../../../lib/model/route.ts";
import type { GatewayListener, Host, MeshWorkload, MtlsRule } from "../../../lib/model/mesh.ts";
import { canonical } from "../proto/codec.ts";
import { resourceTypes, type ProxyConfiguration, type ResourceType } from "../resource.ts";
import { noRules, type ChainRules } from "./access/filters.ts";
import { upstream, type Upstream } from "./clusters.ts";
import { resourceNode, text, unreadable, type Node, type Reading } from "./reading.ts";
import { outboundName } from "./routes.ts";

/** One proxy about to be read, with what it has been told by name. */
export interface ProxyReading extends Reading {
  readonly workload: MeshWorkload;
  /** Undefined where nobody knows where it runs: then its connections are captured. */
  readonly instance: Instance | undefined;
  readonly listeners: readonly Node[];
  readonly resource: (type: "cluster" | "endpoints" | "routes", name: string) => Node | undefined;
}

/** What a caller's proxy does with requests to one destination on one port. */
export interface TableHost {
  readonly host: Host;
  readonly port: number;
  readonly domains: readonly string[];
  readonly routes: readonly Route[];
  readonly node: Node;
}

/** A port whose connections a caller's proxy forwards whole, and the addresses by which it knows it. */
export interface WholePort {
  readonly host: Host;
  readonly port: number;
  readonly address: string;
  readonly node: Node;
}

/** A cluster of another workload or an external server, as its name claims. */
export interface Claim extends Omit<Backend, "weight"> {
  readonly upstream: Upstream;
}

/** What one proxy is told, in the model's words. */
export interface ProxyTold {
  readonly workload: MeshWorkload;
  readonly instance: Instance | undefined;
  readonly node: Node;
  readonly tables: readonly TableHost[];
  readonly whole: readonly WholePort[];
  readonly claims: readonly Claim[];
  /** Names of clusters that are not there: requests that are led to them are answered with 503. */
  readonly missing: readonly Node[];
  readonly mode: MtlsRule["mode"] | undefined;
  readonly rules: ChainRules;
  readonly gateway: readonly GatewayListener[];
}

export const proxyNode = ({ id }: MeshWorkload): Node => ({ value: undefined, at: "", object: `${id} proxy` });

export const nothingTold = (workload: MeshWorkload): ProxyTold => ({
  workload,
  instance: undefined,
  node: proxyNode(workload),
  tables: [],
  whole: [],
  claims: [],
  missing: [],
  mode: undefined,
  rules: noRules,
  gateway: [],
});

/** In protobuf's canonical JSON, so that what is written out and what is left out as a default read alike. */
export const proxyReading = (
  { workload: id, instance, resources }: ProxyConfiguration,
  workload: MeshWorkload,
  reading: Reading,
): ProxyReading => {
  const known = new Map<string, Node>();
  const listeners: Node[] = [];
  for (const type of resourceTypes) {
    if (type === "secret") continue;
    for (const { name, message } of resources[type]) {
      const node = resourceNode(id, type, name, inCanonicalJson(type, message));
      if (node.value === undefined || known.has(`${type} ${name}`)) unreadable(node, reading);
      else if (type === "listener") listeners.push(node);
      known.set(`${type} ${name}`, node);
    }
  }
  return {
    ...reading,
    workload,
    instance: reading.placement.instances[id]?.[Number(instance)],
    listeners,
    resource: (type, name) => known.get(`${type} ${name}`),
  };
};

const inCanonicalJson = (type: ResourceType, message: unknown): unknown => {
  try {
    return canonical(type, message);
  } catch {
    return undefined;
  }
};

/** Collects the clusters that routes and connections lead to; others are nobody's. */
export class Claims {
  readonly #reading: ProxyReading;
  readonly #claims = new Map<string, Claim>();
  readonly #missing = new Map<string, Node>();

  constructor(reading: ProxyReading) {
    this.#reading = reading;
  }

  /** What the name says is checked once everybody has been read; the mesh may have no such destination. */
  readonly add = (cluster: Node): void => {
    const name = text(cluster);
    const claimed = outboundName(name);
    if (claimed === undefined || this.#claims.has(name)) return;
    const node = this.#reading.resource("cluster", name);
    if (node !== undefined)
      this.#claims.set(name, { ...claimed, upstream: upstreamOf(node, this.#reads(claimed), this.#reading) });
    else this.#missing.set(name, cluster);
  };

  missing(): readonly Node[] {
    return [...this.#missing.values()];
  }

  all(): readonly Claim[] {
    return [...this.#claims.values()];
  }

  #reads(claimed: Omit<Backend, "weight">): "http" | "tcp" {
    const protocol = protocolOf(claimed, this.#reading);
    return protocol === undefined || carriesHttp(protocol) ? "http" : "tcp";
  }
}

const protocolOf = ({ host, port }: Omit<Backend, "weight">, { graph, platform }: Reading) =>
  graph.services
    .find((service) => `${service.name}.${service.namespace}.svc.${platform.clusterDomain}` === host)
    ?.ports.find(({ number }) => number === port)?.protocol;

export const upstreamOf = (node: Node, reads: "http" | "tcp", reading: ProxyReading): Upstream =>
  upstream(node, (name) => reading.resource("endpoints", name), reads, reading);

/** What a cluster must be that is nobody's destination. */
export interface Wanted {
  readonly kind: Upstream["kind"];
  readonly source?: string;
  /** Its one endpoint. */
  readonly application?: { readonly address: string; readonly port: number };
}

/** Reports the node where a cluster is named that is not the one that should be. */
export const leadsTo = (node: Node, { kind, source, application }: Wanted, reading: ProxyReading): void => {
  const cluster = reading.resource("cluster", text(node));
  if (cluster === undefined) {
    unreadable(node, reading);
    return;
  }
  const read = upstreamOf(cluster, "tcp", reading);
  const { endpoints } = read;
  const [only] = endpoints;
  const isThere =
    application === undefined
      ? endpoints.length === 0
      : endpoints.length === 1 && only?.address === application.address && only.port === application.port;
  const told = cluster.value as { readonly transportSocket?: unknown; readonly transportSocketMatches?: unknown };
  const isPlain = told.transportSocket === undefined && told.transportSocketMatches === undefined;
  if (read.kind !== kind || read.source !== source || !isThere || !isPlain) unreadable(cluster, reading);
};
