import { named } from "../../../lib/graph/named.ts";
import { targetOf } from "../../../lib/model/base.ts";
import type { GatewayListener, VirtualHost } from "../../../lib/model/mesh.ts";
import { gatewaySocket, inboundSockets } from "../addresses.ts";
import { arrivalPorts } from "../arrivals.ts";
import type { GatewayPort, HostTable, Inbound } from "../config.ts";
import { rulesOf, together } from "./access.ts";
import type { ProxyReading, ProxyTold, Rules } from "./proxy.ts";
import { below, formOf, isAt, originOf, settled, unreadable, type Place } from "./reading.ts";
import { routesOf } from "./routes.ts";

/** A listener with where it stands. */
export type Told<Listener> = readonly [listener: Listener, place: Place];

/** What a sidecar does with what arrives for its application: all of its ports, each once. */
export const inbound = (
  told: readonly Told<Inbound>[],
  place: Place,
  reading: ProxyReading,
): Pick<ProxyTold, "mode" | "rules"> => {
  const { workload, instance, destinations } = reading;
  const left = new Set(told);
  const rules: (readonly [number, Rules])[] = [];
  const modes = new Set<Inbound["mtls"]>();
  for (const { port, protocol } of arrivalPorts(workload, destinations)) {
    const sockets = inboundSockets(instance, port);
    if (sockets === undefined) continue;
    const found = told.find(([{ targetPort }]) => targetPort === port);
    if (found === undefined) {
      unreadable(below(place, "listeners"), reading);
      continue;
    }
    left.delete(found);
    const [listener, at] = found;
    settled(isAt(listener, sockets.listening), at, reading);
    settled(isAt(listener.application, sockets.application), below(at, "application"), reading);
    settled(listener.protocol === protocol, below(at, "protocol"), reading);
    modes.add(listener.mtls);
    rules.push([port, rulesOf(listener.access, port, below(at, "access"), reading)]);
  }
  for (const [, at] of left) unreadable(at, reading);
  settled(modes.size <= 1, below(place, "listeners"), reading);
  return { mode: [...modes][0], rules: together(rules, place) };
};

/** Where a gateway sends what arrives at it, and who may send it. */
export const gateway = (
  told: readonly Told<GatewayPort>[],
  place: Place,
  reading: ProxyReading,
): Pick<ProxyTold, "gateway" | "rules"> => {
  const rules = told.map(
    ([{ access, targetPort }, at]) => [targetPort, rulesOf(access, targetPort, below(at, "access"), reading)] as const,
  );
  const listeners = told.map(([listener, at]): GatewayListener => {
    const { targetPort: target, hosts } = listener;
    settled(isAt(listener, gatewaySocket(reading.instance, target)), at, reading);
    return { port: servicePort(target, reading), target, virtualHosts: virtualHosts(hosts, at, reading) };
  });
  return { gateway: listeners.sort((a, b) => a.port - b.port), rules: together(rules, place) };
};

const virtualHosts = (
  { virtualHosts: told, exact, suffix }: HostTable,
  place: Place,
  reading: ProxyReading,
): readonly VirtualHost[] =>
  told
    .map((one, number): VirtualHost => {
      const at = below(place, "hosts", "virtualHosts", number);
      const hosts = [...leadingTo(number, exact), ...leadingTo(number, suffix).map((end) => `*${end}`)];
      settled(formOf(hosts) === formOf([one.name]), at, reading);
      const { namespace } = reading.workload;
      return { host: one.name, namespace, routes: routesOf(one, at, reading), origin: originOf(at) };
    })
    .sort((a, b) => (a.host < b.host ? -1 : 1));

const leadingTo = (number: number, names: Readonly<Record<string, number>>): readonly string[] =>
  Object.keys(names).filter((name) => names[name] === number);

const servicePort = (target: number, { graph, workload }: ProxyReading): number =>
  named(graph)
    .servicesOf(workload.id)
    .flatMap((service) =>
      service.ports.flatMap((port) => (targetOf(service, port, graph) === target ? [port.number] : [])),
    )[0] ?? target;
