import { named } from "../../../lib/graph/named.ts";
import { targetOf } from "../../../lib/model/base.ts";
import type { GatewayListener, VirtualHost } from "../../../lib/model/mesh.ts";
import { rulesByPort, type ChainRules } from "./access/filters.ts";
import type { ListenerTold } from "./listeners.ts";
import { routeConfiguration, virtualHost } from "./outbound.ts";
import { Claims, type ProxyReading, type ProxyTold } from "./proxy.ts";
import { items, originOf, texts, unreadable } from "./reading.ts";
import { routesOf } from "./routes.ts";

/** Where a gateway sends what arrives at it, and who may send it. */
export const gateway = (
  listeners: readonly ListenerTold[],
  reading: ProxyReading,
): Pick<ProxyTold, "gateway" | "claims" | "missing" | "rules"> => {
  const claims = new Claims(reading);
  const rules: { port: number; dialled: number; rules: ChainRules }[] = [];
  const read = listeners.flatMap((listener): readonly GatewayListener[] => {
    const { chains, otherwise, inspectors, node, port, isBound } = listener;
    const [chain, ...others] = chains;
    const to = chain?.connection.to;
    const isForAll =
      chain?.port === undefined && chain?.transport === undefined && (chain?.protocols ?? []).length === 0;
    const table = to?.kind === "table" ? reading.resource("routes", to.name) : undefined;
    const isPlain = isBound && isForAll && !otherwise && inspectors.length === 0 && !chain?.socket;
    if (chain === undefined || others.length > 0 || !isPlain || !listensOn(listener, reading) || !table) {
      unreadable(node, reading);
      return [];
    }
    const target = workloadPort(port, reading);
    rules.push({ port: target, dialled: port, rules: chain.connection.rules });
    const virtualHosts = items(routeConfiguration(table, reading).virtualHosts).flatMap(
      (one): readonly VirtualHost[] => {
        const { domains, routes } = virtualHost(one, reading);
        const led = routesOf(routes, reading, claims.add);
        return texts(domains).map((host) => ({
          host,
          namespace: reading.workload.namespace,
          routes: led,
          origin: originOf(one),
        }));
      },
    );
    return [
      {
        port: servicePort(target, reading),
        target,
        virtualHosts: virtualHosts.sort((a, b) => (a.host < b.host ? -1 : 1)),
      },
    ];
  });
  const sorted = read.sort((a, b) => a.port - b.port);
  return { gateway: sorted, claims: claims.all(), missing: claims.missing(), rules: rulesByPort(rules) };
};

const listensOn = ({ address, handsOver }: ListenerTold, { instance }: ProxyReading): boolean =>
  !handsOver && (instance?.loopback === undefined ? address === "0.0.0.0" : address === instance.address);

/** The workload's port for the one on which its proxy listens. */
const workloadPort = (listening: number, { instance }: ProxyReading): number => {
  const told = Object.entries(instance?.ports ?? {}).find(([, number]) => number === listening);
  return told === undefined ? listening : Number(told[0]);
};

const servicePort = (target: number, { graph, workload }: ProxyReading): number =>
  named(graph)
    .servicesOf(workload.id)
    .flatMap((service) =>
      service.ports.flatMap((port) => (targetOf(service, port, graph) === target ? [port.number] : [])),
    )[0] ?? target;
