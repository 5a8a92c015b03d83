import type { Instance, Placement } from "../../../lib/graph/placement.ts";
import { carriesHttp } from "../../../lib/graph/protocol.ts";
import { destinationsInScope, dialledAddresses, namesOf, shortName } from "../../../lib/model/callable.ts";
import type { Destination, DestinationPort, Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import { outboundSocket, unknownCalls } from "../addresses.ts";
import { clusterName } from "../cluster-name.ts";
import type { ClusterName, HttpOutbound, TcpOutbound, VirtualHost } from "../config.ts";
import { virtualHost } from "./virtual-host.ts";

/** One proxy, about to be told what to do. */
export interface Proxy {
  readonly mesh: Mesh;
  readonly workload: MeshWorkload;
  readonly instance: Instance;
  readonly placement: Placement;
}

interface Called {
  readonly destination: Destination;
  readonly port: DestinationPort;
}

/** Calls of the proxy's own application: by host on ports that carry HTTP, by address on others. */
export const outbound = (proxy: Proxy): readonly (HttpOutbound | TcpOutbound)[] => {
  const ports = Map.groupBy(
    destinationsInScope(proxy).flatMap((destination) => destination.ports.map((port) => ({ destination, port }))),
    ({ port }) => port.number,
  );
  return [...ports]
    .sort(([a], [b]) => a - b)
    .flatMap(([number, called]): readonly (HttpOutbound | TcpOutbound)[] => {
      const http = called.filter(({ port }) => carriesHttp(port.protocol));
      const whole = called.filter(({ port }) => !carriesHttp(port.protocol));
      if (proxy.instance.loopback !== undefined)
        return [...httpOutbound(number, http, {}, proxy), ...whole.flatMap((one) => dialledAlone(one, proxy))];
      const addresses = byAddress(whole, proxy);
      return http.length > 0 ? httpOutbound(number, http, addresses, proxy) : capturedWhole(number, addresses, proxy);
    });
};

const httpOutbound = (
  servicePort: number,
  called: readonly Called[],
  whole: Readonly<Record<string, ClusterName>>,
  proxy: Proxy,
): readonly HttpOutbound[] => {
  const at = outboundSocket(proxy.instance, String(servicePort), servicePort);
  if (called.length === 0 || at === undefined) return [];
  // Two destinations may answer to one name; the first is whom `decide` finds.
  const exact = new Map<string, number>();
  const virtualHosts: VirtualHost[] = [];
  for (const { destination, port } of called) {
    const names = namesOf(destination, proxy.workload.namespace).filter((name) => !exact.has(name));
    for (const name of names) exact.set(name, virtualHosts.length);
    if (names.length > 0) virtualHosts.push(virtualHost(destination.host, port.routes));
  }
  return [
    {
      kind: "outbound-http",
      ...at,
      servicePort,
      hosts: { virtualHosts, exact: Object.fromEntries(exact), suffix: {} },
      unknownHosts: unknownCalls(proxy.mesh.platform, proxy.instance),
      ...(Object.keys(whole).length > 0 && { byAddress: whole }),
    },
  ];
};

const wholeCluster = ({ destination, port }: Called): ClusterName =>
  clusterName({ host: destination.host, subset: "any", port: port.number });

/** As with names, the first destination that has an address answers to it. */
const byAddress = (called: readonly Called[], { placement }: Proxy): Readonly<Record<string, ClusterName>> => {
  const clusters = new Map<string, ClusterName>();
  for (const one of called)
    for (const address of dialledAddresses(one.destination, placement))
      if (!clusters.has(address)) clusters.set(address, wholeCluster(one));
  return Object.fromEntries([...clusters].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const capturedWhole = (
  servicePort: number,
  addresses: Readonly<Record<string, ClusterName>>,
  proxy: Proxy,
): readonly TcpOutbound[] => {
  const at = outboundSocket(proxy.instance, "", servicePort);
  return at === undefined
    ? []
    : [
        {
          kind: "outbound-tcp",
          ...at,
          servicePort,
          byAddress: addresses,
          unknownAddresses: unknownCalls(proxy.mesh.platform, proxy.instance),
        },
      ];
};

const dialledAlone = (one: Called, { instance }: Proxy): readonly TcpOutbound[] => {
  const { number } = one.port;
  const at = outboundSocket(instance, `${shortName(one.destination)}:${number}`, number);
  return at === undefined
    ? []
    : [
        {
          kind: "outbound-tcp",
          ...at,
          servicePort: number,
          byAddress: { "*": wholeCluster(one) },
          unknownAddresses: "refuse",
        },
      ];
};
