import { carriesHttp } from "../../../lib/graph/protocol.ts";
import { destinationsInScope, dialledAddresses, shortName } from "../../../lib/model/callable.ts";
import type { Destination, DestinationPort } from "../../../lib/model/mesh.ts";
import type { Listener, NetworkFilter } from "../messages.ts";
import type { Resource } from "../resource.ts";
import { httpConnection, tcpConnection } from "./connection.ts";
import { httpInspector, sniffedHttp, waiting } from "./inspectors.ts";
import {
  blackHoleCluster,
  capturePorts,
  isCapturePort,
  outboundCluster,
  outboundRoutes,
  passthroughCluster,
} from "./names.ts";
import { once, type Proxy } from "./proxy.ts";
import { configSource, loopbackAddress, socketAddress } from "./values.ts";

/** Calls of the proxy's own application: by host on ports that carry HTTP, by address on others. */
export const outboundListeners = (proxy: Proxy): readonly Resource<Listener>[] => {
  const services = destinationsInScope(proxy);
  const { platform } = proxy.mesh;
  const httpPorts = new Set(
    services.flatMap(({ ports }) => ports.flatMap(({ number, protocol }) => (carriesHttp(protocol) ? [number] : []))),
  );
  const isCaptured = proxy.instance?.loopback === undefined;
  return [
    ...(isCaptured ? [once(proxy, platform, "catch-all", () => catchAll(proxy))] : []),
    ...[...httpPorts]
      .filter((port) => !isCaptured || !isCapturePort(port))
      .sort((a, b) => a - b)
      .flatMap((port) => once(proxy, platform, `http listener ${port}`, () => httpListener(port, proxy))),
    ...services.flatMap((destination) =>
      once(proxy, destination, "tcp listeners", () =>
        destination.ports.flatMap((port) => (carriesHttp(port.protocol) ? [] : tcpListeners(destination, port, proxy))),
      ),
    ),
  ];
};

/** Every captured connection comes here, and is handed to the listener of the address that was dialled, if there is one. */
const catchAll = (proxy: Proxy): Resource<Listener> => ({
  name: "virtualOutbound",
  origins: [],
  message: {
    name: "virtualOutbound",
    address: socketAddress("0.0.0.0", capturePorts.outbound),
    trafficDirection: "OUTBOUND",
    useOriginalDst: true,
    filterChains: [
      {
        name: "virtualOutbound-blackhole",
        // The capturing port itself, dialled by somebody: it would call itself for ever.
        filterChainMatch: { destinationPort: capturePorts.outbound },
        filters: [tcpConnection("outbound|loop", blackHoleCluster, proxy)],
      },
      {
        name: "virtualOutbound-unknown",
        filters: [unknownConnection(proxy)],
      },
    ],
  },
});

/** What the platform does with connections of which nothing is known. */
const unknownConnection = (proxy: Proxy): NetworkFilter =>
  proxy.mesh.platform.outbound === "allow-any"
    ? tcpConnection("outbound|passthrough", passthroughCluster, proxy)
    : tcpConnection("outbound|blackhole", blackHoleCluster, proxy);

const httpListener = (port: number, proxy: Proxy): readonly Resource<Listener>[] => {
  const { instance, surroundings } = proxy;
  const bound = instance?.loopback === undefined ? { address: "0.0.0.0", port } : onLoopback(String(port), proxy);
  if (bound === undefined) return [];
  const name = `${bound.address}_${bound.port}`;
  const routeConfigName = outboundRoutes(port);
  const isCaptured = instance?.loopback === undefined;
  return [
    {
      name,
      origins: [],
      message: {
        name,
        address: socketAddress(bound.address, bound.port),
        trafficDirection: "OUTBOUND",
        ...(isCaptured && { bindToPort: false }),
        filterChains: [
          {
            ...(isCaptured && {
              filterChainMatch: { transportProtocol: "raw_buffer", applicationProtocols: [...sniffedHttp] },
            }),
            filters: [
              httpConnection(
                "outbound",
                `outbound_${port}`,
                { rds: { routeConfigName, configSource: configSource(surroundings.delivery, "rds", routeConfigName) } },
                [],
                proxy,
              ),
            ],
          },
        ],
        // Bytes that are no HTTP are nobody's call by name: they fare as on any port of which nothing is known.
        ...(isCaptured && {
          defaultFilterChain: { name: "unknown", filters: [unknownConnection(proxy)] },
          listenerFilters: [httpInspector([])],
          ...waiting,
        }),
      },
    },
  ];
};

/** By the service's own addresses; without any, by those of its instances, as callers of a headless service dial them. */
const tcpListeners = (destination: Destination, port: DestinationPort, proxy: Proxy): readonly Resource<Listener>[] => {
  const { instance, surroundings } = proxy;
  const loopback = instance?.loopback && onLoopback(`${shortName(destination)}:${port.number}`, proxy);
  const bound = instance?.loopback
    ? loopback
      ? [loopback]
      : []
    : dialledAddresses(destination, surroundings.placement).map((address) => ({ address, port: port.number }));
  const cluster = outboundCluster({ host: destination.host, port: port.number, subset: "any" });
  return bound.map((at) => {
    const name = `${at.address}_${at.port}`;
    return {
      name,
      origins: [destination.origin],
      message: {
        name,
        address: socketAddress(at.address, at.port),
        trafficDirection: "OUTBOUND",
        ...(instance?.loopback === undefined && { bindToPort: false }),
        filterChains: [{ filters: [tcpConnection(cluster, cluster, proxy)] }],
      },
    };
  });
};

const onLoopback = (
  service: string,
  { instance }: Proxy,
): { readonly address: string; readonly port: number } | undefined => {
  const port = instance?.loopback?.services[service];
  // Whoever reaches it calls as this workload: only the machine itself may.
  return instance === undefined || port === undefined ? undefined : { address: loopbackAddress, port };
};
