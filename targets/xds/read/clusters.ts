import {
  below,
  entries,
  fields,
  items,
  number,
  settled,
  text,
  typeOf,
  unreadable,
  type Harmless,
  type Node,
  type Reading,
} from "./reading.ts";
import { upstreamSocket, type Socket } from "./tls.ts";

/** Somewhere a cluster leads, and how. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly socket: Socket;
  /** Who it says that it is. */
  readonly workload: string | undefined;
  readonly node: Node;
}

export interface Upstream {
  readonly node: Node;
  readonly kind: "endpoints" | "dns" | "as-dialled" | "nowhere";
  /** What is spoken; `tcp`: nothing is said of HTTP, which is then HTTP/1.1 or none. */
  readonly speaks: "any" | "http1" | "http2" | "as-called";
  readonly endpoints: readonly Endpoint[];
  /** How it would call a workload that takes mTLS and runs nowhere yet. */
  readonly wary: Socket;
  /** The address from which connections come. */
  readonly source: string | undefined;
}

const harmlessOfCluster: Harmless = {
  name: "the resource's own",
  altStatName: "a name in statistics",
  metadata: "which object it came from",
  connectTimeout: "how long until an attempt fails, which retries speak of",
  perConnectionBufferLimitBytes: "memory",
  cleanupInterval: "memory",
  dnsLookupFamily: "how names are looked up",
  dnsRefreshRate: "how names are looked up",
  dnsJitter: "how names are looked up",
  respectDnsTtl: "how names are looked up",
  typedDnsResolverConfig: "how names are looked up",
};

/** What is `unlimited` in Envoy. */
const unlimited = 4_294_967_295;
const kinds: Readonly<Record<string, Upstream["kind"]>> = {
  EDS: "endpoints",
  STATIC: "endpoints",
  STRICT_DNS: "dns",
  ORIGINAL_DST: "as-dialled",
};
const httpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** A cluster with its endpoints, its own or those that it is told of. */
export const upstream = (
  node: Node,
  assigned: (name: string) => Node | undefined,
  reads: "http" | "tcp",
  reading: Reading,
): Upstream => {
  const found = fields(
    node,
    [
      "type",
      "edsClusterConfig",
      "loadAssignment",
      "lbPolicy",
      "circuitBreakers",
      "commonLbConfig",
      "upstreamBindConfig",
      "transportSocket",
      "transportSocketMatches",
      "typedExtensionProtocolOptions",
    ],
    reading,
    harmlessOfCluster,
  );
  const type = found.type === undefined ? "STATIC" : text(found.type);
  const kind = kinds[type];
  if (kind === undefined) unreadable(found.type ?? node, reading);
  settled(
    node,
    found,
    {
      // Any that chooses among all copies.
      lbPolicy: type === "ORIGINAL_DST" ? ["CLUSTER_PROVIDED"] : [undefined, "LEAST_REQUEST", "RANDOM"],
      circuitBreakers: [undefined, { thresholds: [breakers] }],
      commonLbConfig: [undefined, {}, { healthyPanicThreshold: {} }],
    },
    reading,
  );
  const base = upstreamSocket(found.transportSocket, reads, reading);
  const matches = items(found.transportSocketMatches).map((match) => {
    const { match: wanted, transportSocket } = fields(match, ["match", "transportSocket"], reading, {
      name: "a name",
    });
    return { wanted, socket: upstreamSocket(transportSocket ?? below(match, "transportSocket"), reads, reading) };
  });
  const socketOf = (metadata: Node | undefined): Socket => {
    const said = new Map(entries(metadata).map(([key, { value }]) => [key, value]));
    const first = matches.find(({ wanted }) => entries(wanted).every(([key, { value }]) => said.get(key) === value));
    return first?.socket ?? base;
  };
  const own = text(
    fields(found.edsClusterConfig, ["serviceName"], reading, { edsConfig: "where they come from" }).serviceName,
  );
  const name = text({ ...node, value: (node.value as { readonly name?: string }).name });
  const assignment = type === "EDS" ? assigned(own === "" ? name : own) : found.loadAssignment;
  // Before it is told of endpoints a cluster waits.
  if (type === "EDS" && assignment === undefined) unreadable(found.edsClusterConfig ?? node, reading);
  const { sourceAddress } = fields(found.upstreamBindConfig, ["sourceAddress"], reading);
  const endpoints = endpointsOf(assignment, socketOf, reading);
  return {
    node,
    kind: kind === "endpoints" && type === "STATIC" && endpoints.length === 0 ? "nowhere" : (kind ?? "nowhere"),
    speaks: spoken(found.typedExtensionProtocolOptions, reading),
    endpoints,
    wary: [base, ...matches.map(({ socket }) => socket)].find(({ kind: of }) => of === "mutual") ?? base,
    source:
      sourceAddress === undefined
        ? undefined
        : text(fields(sourceAddress, ["address"], reading, { portValue: "any" }).address),
  };
};

const breakers = {
  maxConnections: unlimited,
  maxPendingRequests: unlimited,
  maxRequests: unlimited,
  maxRetries: unlimited,
};

const endpointsOf = (
  assignment: Node | undefined,
  socketOf: (metadata: Node | undefined) => Socket,
  reading: Reading,
): readonly Endpoint[] => {
  const { endpoints } = fields(assignment, ["endpoints"], reading, {
    clusterName: "the resource's own",
    policy: "what happens when copies fail",
  });
  return items(endpoints).flatMap((locality) => {
    const { lbEndpoints, loadBalancingWeight, priority } = fields(
      locality,
      ["lbEndpoints", "loadBalancingWeight", "priority"],
      reading,
      { locality: "where it is" },
    );
    const copies = items(lbEndpoints);
    // Every copy is as likely as any other.
    settled(
      locality,
      { loadBalancingWeight, priority },
      {
        loadBalancingWeight: items(endpoints).length === 1 ? [loadBalancingWeight?.value] : [undefined, copies.length],
        priority: [undefined, 0],
      },
      reading,
    );
    return copies.map((copy) => endpointOf(copy, socketOf, reading));
  });
};

const endpointOf = (node: Node, socketOf: (metadata: Node | undefined) => Socket, reading: Reading): Endpoint => {
  const found = fields(node, ["endpoint", "metadata", "healthStatus", "loadBalancingWeight"], reading);
  settled(
    node,
    found,
    { healthStatus: [undefined, "HEALTHY", "UNKNOWN"], loadBalancingWeight: [undefined, 1] },
    reading,
  );
  const { address } = fields(found.endpoint, ["address"], reading, {
    healthCheckConfig: "nobody checks",
    hostname: "a name in logs",
  });
  const { filterMetadata } = fields(found.metadata, ["filterMetadata"], reading);
  const said = fields(filterMetadata, ["meshwright", "envoy.transport_socket_match"], reading, {
    istio: "who it is, in statistics",
  });
  const { workload } = fields(said.meshwright, ["workload"], reading);
  return {
    ...socketAddress(address ?? below(node, "endpoint"), reading),
    socket: socketOf(said["envoy.transport_socket_match"]),
    workload: workload && text(workload),
    node,
  };
};

/** An address with its port. */
export const socketAddress = (node: Node, reading: Reading): { readonly address: string; readonly port: number } => {
  const { socketAddress: found } = fields(node, ["socketAddress"], reading);
  const { address, portValue } = fields(found, ["address", "portValue"], reading);
  if (address === undefined) unreadable(node, reading);
  return { address: text(address), port: number(portValue) };
};

const spoken = (options: Node | undefined, reading: Reading): Upstream["speaks"] => {
  if (options === undefined) return "any";
  const { [httpOptions]: http } = fields(options, [httpOptions], reading);
  if (typeOf(http) !== httpOptions) unreadable(http ?? options, reading);
  const { explicitHttpConfig, useDownstreamProtocolConfig, commonHttpProtocolOptions } = fields(
    http,
    ["explicitHttpConfig", "useDownstreamProtocolConfig", "commonHttpProtocolOptions"],
    reading,
  );
  fields(commonHttpProtocolOptions, [], reading, { idleTimeout: "how long idle connections are kept" });
  if (useDownstreamProtocolConfig !== undefined) {
    const { httpProtocolOptions, http2ProtocolOptions } = fields(
      useDownstreamProtocolConfig,
      ["httpProtocolOptions", "http2ProtocolOptions"],
      reading,
    );
    fields(httpProtocolOptions, [], reading);
    fields(http2ProtocolOptions, [], reading);
    return "as-called";
  }
  const { httpProtocolOptions, http2ProtocolOptions } = fields(
    explicitHttpConfig,
    ["httpProtocolOptions", "http2ProtocolOptions"],
    reading,
  );
  fields(httpProtocolOptions, [], reading);
  fields(http2ProtocolOptions, [], reading);
  return http2ProtocolOptions === undefined ? "http1" : "http2";
};
