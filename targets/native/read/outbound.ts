import { shortName } from "../../../lib/model/callable.ts";
import { outboundSocket, unknownCalls } from "../addresses.ts";
import { calledOf } from "../cluster-name.ts";
import type { ClusterName, HostTable, HttpOutbound, TcpOutbound } from "../config.ts";
import type { ProxyReading, ProxyTold, TableHost, WholePort } from "./proxy.ts";
import { below, isAt, settled, unreadable, type Place } from "./reading.ts";
import { routesOf } from "./routes.ts";

/** What a sidecar does with the requests of its application on one port. */
export const httpCalls = (
  listener: HttpOutbound,
  place: Place,
  reading: ProxyReading,
): Pick<ProxyTold, "tables" | "whole"> => {
  const { instance, platform } = reading;
  const { servicePort: port, hosts, byAddress = {} } = listener;
  settled(isAt(listener, outboundSocket(instance, String(port), port)), place, reading);
  settled(listener.unknownHosts === unknownCalls(platform, instance), below(place, "unknownHosts"), reading);
  settled(Object.keys(hosts.suffix).length === 0, below(place, "hosts", "suffix"), reading);
  // An application that dials explicit ports dials each of them for itself.
  settled(instance.loopback === undefined || listener.byAddress === undefined, below(place, "byAddress"), reading);
  return {
    tables: tablesOf(hosts, port, below(place, "hosts"), reading),
    whole: wholePorts(byAddress, port, place, reading),
  };
};

const tablesOf = (
  { virtualHosts, exact }: HostTable,
  port: number,
  place: Place,
  reading: ProxyReading,
): readonly TableHost[] =>
  virtualHosts.map((virtualHost, number): TableHost => {
    const at = below(place, "virtualHosts", number);
    return {
      host: virtualHost.name,
      port,
      names: Object.keys(exact).filter((name) => exact[name] === number),
      routes: routesOf(virtualHost, at, reading),
      place: at,
    };
  });

/** What it does with connections that are forwarded whole. */
export const wholeCalls = (listener: TcpOutbound, place: Place, reading: ProxyReading): readonly WholePort[] => {
  const { instance, platform } = reading;
  const { servicePort: port, byAddress } = listener;
  settled(listener.unknownAddresses === unknownCalls(platform, instance), below(place, "unknownAddresses"), reading);
  const whole = wholePorts(byAddress, port, place, reading);
  const [only] = whole;
  if (instance.loopback === undefined) settled(isAt(listener, outboundSocket(instance, "", port)), place, reading);
  else {
    const destination = reading.destinations.find(({ host }) => host === only?.host);
    const service = destination && `${shortName(destination)}:${port}`;
    const isItsOwn = service !== undefined && isAt(listener, outboundSocket(instance, service, port));
    settled(isItsOwn && whole.length === 1 && only?.address === "*", place, reading);
  }
  return whole;
};

const wholePorts = (
  byAddress: Readonly<Record<string, ClusterName>>,
  servicePort: number,
  place: Place,
  reading: ProxyReading,
): readonly WholePort[] =>
  Object.entries(byAddress).flatMap(([address, name]): readonly WholePort[] => {
    const { host, subset, port } = calledOf(name);
    const at = below(place, "byAddress", address);
    if (subset === "any" && port === servicePort) return [{ host, port, address, place: at }];
    unreadable(at, reading);
    return [];
  });
