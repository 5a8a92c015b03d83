import { carriesHttp, type Protocol } from "../../../lib/graph/protocol.ts";
import { takesMtls } from "../../../lib/model/automatic-mtls.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Destination, DestinationPort, MeshWorkload } from "../../../lib/model/mesh.ts";
import type { Backend } from "../../../lib/model/route.ts";
import { typed, type Cluster, type LbEndpoint, type TransportSocket } from "../messages.ts";
import type { Resource, ProxyResources } from "../resource.ts";
import {
  blackHoleCluster,
  endpointsOf,
  inboundCluster,
  inboundPassthroughCluster,
  inboundSource,
  outboundCluster,
  passthroughCluster,
} from "./names.ts";
import type { Proxy } from "./proxy.ts";
import { mutualUpstream, originatedUpstream } from "./tls.ts";
import { configSource, loopbackAddress, socketAddress } from "./values.ts";

/** Where some traffic can go: the cluster, and the endpoints that it has. */
interface Upstream {
  readonly cluster: Resource<Cluster>;
  readonly endpoints: ProxyResources["endpoints"];
}

/** Circuits never break unless somebody asks: Envoy's own limits (1024 of everything) are nobody's intent. */
const unlimited = 4_294_967_295;
const thresholds = [
  { maxConnections: unlimited, maxPendingRequests: unlimited, maxRequests: unlimited, maxRetries: unlimited },
];

const common = {
  connectTimeout: "10s",
  perConnectionBufferLimitBytes: 32_768,
  circuitBreakers: { thresholds },
} as const;

/** A backend of some route, or of a port without HTTP; none where the mesh has no such destination: its routes answer 503. */
export const outboundUpstream = (
  backend: Pick<Backend, "host" | "port" | "subset">,
  proxy: Proxy,
): readonly Upstream[] => {
  const { mesh } = proxy;
  const destination = lookup(mesh).destination(backend.host);
  const port = destination?.ports.find(({ number }) => number === backend.port);
  if (destination === undefined || port === undefined) return [];
  const name = outboundCluster(backend);
  const origins = [destination.origin];
  if (destination.kind === "external")
    return [{ cluster: { name, message: externalCluster(name, destination, port), origins }, endpoints: [] }];
  const ids =
    backend.subset === "any"
      ? destination.workloads
      : (destination.subsets.find((subset) => subset.name === backend.subset)?.workloads ?? []);
  const workloads = ids.flatMap((id) => lookup(mesh).workload(id) ?? []);
  const tls = meshTls(destination, port, workloads, proxy);
  const serviceName = endpointsOf(name, tls);
  const cluster: Cluster = {
    name,
    type: "EDS",
    edsClusterConfig: { edsConfig: configSource(proxy.surroundings.delivery, "eds", serviceName), serviceName },
    lbPolicy: "LEAST_REQUEST",
    ...common,
    ...httpOptions(port.protocol),
    ...tls,
  };
  const endpoints = workloads.flatMap((workload) => instancesOf(workload, port, proxy));
  return [
    {
      cluster: { name, message: cluster, origins },
      endpoints: [
        {
          name: serviceName,
          message: {
            clusterName: serviceName,
            ...(endpoints.length > 0 && { endpoints: [{ lbEndpoints: endpoints }] }),
          },
          origins,
        },
      ],
    },
  ];
};

const httpOptions = (protocol: Protocol): Pick<Cluster, "typedExtensionProtocolOptions"> => {
  if (!carriesHttp(protocol)) return {};
  const explicitHttpConfig = protocol === "http" ? { httpProtocolOptions: {} } : { http2ProtocolOptions: {} };
  return {
    typedExtensionProtocolOptions: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        { explicitHttpConfig },
      ),
    },
  };
};

/**
 * mTLS unless an endpoint says that it takes plain text: an endpoint about which nothing is said is never called in the
 * clear.
 */
const meshTls = (
  { host }: Destination,
  { tls, protocol }: DestinationPort,
  workloads: readonly MeshWorkload[],
  { mesh, surroundings }: Proxy,
): Pick<Cluster, "transportSocket" | "transportSocketMatches"> => {
  const encrypted = tls.mode === "mesh" ? workloads.filter((workload) => takesMtls(mesh, workload)) : [];
  if (encrypted.length === 0) return {};
  const identities = [...new Set(encrypted.map(({ identity }) => identity))].sort();
  return {
    transportSocket: mutualUpstream(identities, host, carriesHttp(protocol) ? "http" : "tcp", surroundings.delivery),
    ...(encrypted.length < workloads.length && {
      transportSocketMatches: [{ name: "plain", match: { tls: "plain" }, transportSocket: plainSocket }],
    }),
  };
};

const plainSocket: TransportSocket = {
  name: "envoy.transport_sockets.raw_buffer",
  typedConfig: typed("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer", {}),
};

const instancesOf = (
  workload: MeshWorkload,
  port: DestinationPort,
  { mesh, surroundings }: Proxy,
): readonly LbEndpoint[] => {
  const plain = port.tls.mode !== "mesh" || !takesMtls(mesh, workload);
  return (surroundings.placement.instances[workload.id] ?? []).map(({ address, ports }) => ({
    endpoint: { address: socketAddress(address, ports?.[port.target] ?? port.target) },
    metadata: {
      filterMetadata: {
        meshwright: { workload: workload.id },
        ...(plain && { "envoy.transport_socket_match": { tls: "plain" } }),
      },
    },
  }));
};

const externalCluster = (
  name: string,
  { host, resolution }: Destination,
  { protocol, target, tls }: DestinationPort,
): Cluster => {
  const addresses = Array.isArray(resolution) ? (resolution as readonly string[]) : [host];
  return {
    name,
    type: Array.isArray(resolution) ? "STATIC" : "STRICT_DNS",
    ...(!Array.isArray(resolution) && { dnsLookupFamily: "V4_PREFERRED", respectDnsTtl: true, dnsRefreshRate: "60s" }),
    lbPolicy: "LEAST_REQUEST",
    ...common,
    loadAssignment: {
      clusterName: name,
      endpoints: [
        { lbEndpoints: addresses.map((address) => ({ endpoint: { address: socketAddress(address, target) } })) },
      ],
    },
    ...httpOptions(protocol),
    ...(tls.mode === "originate" && { transportSocket: originatedUpstream(tls.sni) }),
  };
};

/** The application of the proxy itself. */
export const inboundUpstream = (port: number, protocol: Protocol, { instance }: Proxy): Upstream => {
  const name = inboundCluster(port);
  const application = instance?.loopback?.applications[port];
  const cluster: Cluster = {
    name,
    ...(instance?.loopback === undefined
      ? // To the address that the caller dialled, from an address that is not captured again.
        {
          type: "ORIGINAL_DST",
          lbPolicy: "CLUSTER_PROVIDED",
          upstreamBindConfig: { sourceAddress: { address: inboundSource, portValue: 0 } },
        }
      : {
          type: "STATIC",
          loadAssignment: {
            clusterName: name,
            endpoints: [
              { lbEndpoints: [{ endpoint: { address: socketAddress(loopbackAddress, application ?? port) } }] },
            ],
          },
        }),
    ...common,
    ...httpOptions(protocol),
  };
  return { cluster: { name, message: cluster, origins: [] }, endpoints: [] };
};

/** The version of HTTP in which the request came: nobody has said what the server speaks. */
const asCalled: Pick<Cluster, "typedExtensionProtocolOptions"> = {
  typedExtensionProtocolOptions: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      { useDownstreamProtocolConfig: { httpProtocolOptions: {}, http2ProtocolOptions: {} } },
    ),
  },
};

/** Where connections go about which nothing is known. */
export const fallbackClusters = (): readonly Upstream[] => {
  const originalDestination = { type: "ORIGINAL_DST", lbPolicy: "CLUSTER_PROVIDED", ...common, ...asCalled } as const;
  const clusters: readonly Cluster[] = [
    { name: blackHoleCluster, type: "STATIC", connectTimeout: "10s" },
    {
      name: inboundPassthroughCluster,
      ...originalDestination,
      upstreamBindConfig: { sourceAddress: { address: inboundSource, portValue: 0 } },
    },
    { name: passthroughCluster, ...originalDestination },
  ];
  return clusters.map((message) => ({ cluster: { name: message.name ?? "", message, origins: [] }, endpoints: [] }));
};
