import { carriesHttp, type Protocol } from "../../../lib/graph/protocol.ts";
import type { Origin } from "../../../lib/diagnostics/origin.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import { typed, type FilterChain, type Listener, type NetworkFilter } from "../messages.ts";
import type { Resource } from "../resource.ts";
import { httpAuthorization, networkAuthorization, type ArrivalPort } from "./authorization.ts";
import { httpConnection, tcpConnection } from "./connection.ts";
import { httpInspector, sniffedHttp, tlsInspector, waiting } from "./inspectors.ts";
import { blackHoleCluster, capturePorts, inboundCluster, inboundPassthroughCluster } from "./names.ts";
import { identities } from "./made.ts";
import { once, type Proxy } from "./proxy.ts";
import { inboundRoutes } from "./routes.ts";
import { alpn, mutualDownstream } from "./tls.ts";
import { socketAddress } from "./values.ts";

/** What arrives for the proxy's own application: TLS first, then authorization, then the application (as `decide` has it). */
export const inboundListeners = (proxy: Proxy): readonly Resource<Listener>[] =>
  proxy.instance?.loopback === undefined
    ? [once(proxy, proxy.workload, `inbound ${identities(authorizationsOf(proxy))}`, () => captured(proxy))]
    : onOwnPorts(proxy);

const authorizationsOf = ({ mesh, workload }: Proxy) => lookup(mesh).authorizations(workload);

/** All connections, on one port, under the addresses that their callers dialled. */
const captured = (proxy: Proxy): Resource<Listener> => {
  const declared = proxy.workload.ports;
  const message: Listener = {
    name: "virtualInbound",
    address: socketAddress("0.0.0.0", capturePorts.inbound),
    trafficDirection: "INBOUND",
    filterChains: [
      {
        name: "virtualInbound-blackhole",
        // The capturing port itself, dialled by somebody: it would call itself for ever.
        filterChainMatch: { destinationPort: capturePorts.inbound },
        filters: [tcpConnection("inbound|loop", blackHoleCluster, proxy)],
      },
      ...declared.flatMap(({ number, protocol }) => chains(number, protocol, proxy, { destinationPort: number })),
      ...chainsOfUndeclared(proxy),
    ],
    listenerFilters: [
      {
        name: "envoy.filters.listener.original_dst",
        typedConfig: typed("envoy.extensions.filters.listener.original_dst.v3.OriginalDst", {}),
      },
      tlsInspector,
      httpInspector(declared.map(({ number }) => number)),
    ],
    ...waiting,
  };
  return { name: "virtualInbound", message, origins: origins(proxy) };
};

/** One listener for each port that others are told of. */
const onOwnPorts = (proxy: Proxy): readonly Resource<Listener>[] =>
  proxy.workload.ports.flatMap(({ number, protocol }) => {
    const { instance } = proxy;
    if (instance?.loopback?.applications[number] === undefined) return [];
    const listening = instance.ports?.[number] ?? number;
    const name = `inbound_${instance.address}_${listening}`;
    const message: Listener = {
      name,
      address: socketAddress(instance.address, listening),
      trafficDirection: "INBOUND",
      filterChains: [...chains(number, protocol, proxy, {})],
      listenerFilters: [tlsInspector],
      ...waiting,
    };
    return [{ name, message, origins: origins(proxy) }];
  });

type Match = NonNullable<FilterChain["filterChainMatch"]>;

/** The chains for one port: encrypted, in the clear, or both, as its mTLS mode says. */
const chains = (port: number, protocol: Protocol, proxy: Proxy, at: Match): readonly FilterChain[] => {
  const http = carriesHttp(protocol);
  const filters = http ? httpFilters(port, proxy) : tcpFilters(port, proxy);
  const name = `${port}`;
  return inModes(
    proxy,
    {
      name: `${name}-mtls`,
      filterChainMatch: { ...at, transportProtocol: "tls", applicationProtocols: Object.values(alpn) },
      filters,
    },
    // A client's own TLS is bytes like any other, if it meets no reader of HTTP.
    { name: `${name}-plain`, filterChainMatch: { ...at, ...(http && { transportProtocol: "raw_buffer" }) }, filters },
  );
};

/** Ports that no service speaks of: what they speak is looked for, in the clear, or told by the caller's proxy. */
const chainsOfUndeclared = (proxy: Proxy): readonly FilterChain[] => {
  const http = [
    ...[
      httpConnection(
        "inbound",
        "inbound|passthrough",
        { routeConfig: inboundRoutes("inbound|passthrough", inboundPassthroughCluster) },
        httpAuthorization(proxy, "any"),
        proxy,
      ),
    ],
  ];
  const tcp = [
    ...networkAuthorization(proxy, "any"),
    tcpConnection("inbound|passthrough", inboundPassthroughCluster, proxy),
  ];
  return [
    ...inModes(
      proxy,
      {
        name: "undeclared-mtls-http",
        filterChainMatch: { transportProtocol: "tls", applicationProtocols: [alpn.http] },
        filters: http,
      },
      {
        name: "undeclared-plain-http",
        filterChainMatch: { transportProtocol: "raw_buffer", applicationProtocols: [...sniffedHttp] },
        filters: http,
      },
    ),
    ...inModes(
      proxy,
      {
        name: "undeclared-mtls",
        filterChainMatch: { transportProtocol: "tls", applicationProtocols: [alpn.tcp] },
        filters: tcp,
      },
      { name: "undeclared-plain", filterChainMatch: {}, filters: tcp },
    ),
  ];
};

const inModes = (
  { mesh, workload, surroundings }: Proxy,
  encrypted: FilterChain,
  plain: FilterChain,
): readonly FilterChain[] => {
  const { mode } = lookup(mesh).mtls(workload);
  return [
    ...(mode === "disabled"
      ? []
      : [{ ...encrypted, transportSocket: mutualDownstream(mesh.platform.trustDomain, surroundings.delivery) }]),
    ...(mode === "strict" ? [] : [plain]),
  ];
};

const httpFilters = (port: number, proxy: Proxy): NetworkFilter[] => {
  const name = inboundCluster(port);
  return [
    httpConnection(
      "inbound",
      `inbound_${port}`,
      { routeConfig: inboundRoutes(name, name) },
      httpAuthorization(proxy, asked(port, proxy)),
      proxy,
    ),
  ];
};

const tcpFilters = (port: number, proxy: Proxy): NetworkFilter[] => [
  ...networkAuthorization(proxy, asked(port, proxy)),
  tcpConnection(`inbound_${port}`, inboundCluster(port), proxy),
];

/** Where connections keep the ports that were dialled, one set of rules serves all of them. */
const asked = (port: number, { instance }: Proxy): ArrivalPort => (instance?.loopback === undefined ? "any" : port);

const origins = ({ mesh, workload }: Proxy): readonly Origin[] => [
  lookup(mesh).mtls(workload).origin,
  ...lookup(mesh)
    .authorizations(workload)
    .flatMap(({ origin, rules }) => [origin, ...rules.map((rule) => rule.origin)]),
];
