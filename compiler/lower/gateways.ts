import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import type { Ingress, Route as Written } from "../../lib/intent/index.ts";
import { targetOf } from "../../lib/model/base.ts";
import { Space } from "../../lib/requests/space.ts";
import { areTaken } from "../../lib/requests/subset.ts";
import { intersection } from "../../lib/model/intersection.ts";
import type { Destination, Gateway, GatewayListener, VirtualHost } from "../../lib/model/mesh.ts";
import { responding, type HeaderEdits, type Match, type Route } from "../../lib/model/route.ts";
import type { Context } from "./context.ts";
import type { Authored } from "./intents.ts";
import { responds } from "./direct-response.ts";
import { routeOf } from "./routes.ts";

/** One gateway for each gateway workload, whoever speaks for its hosts: merged here, since platforms merge in no defined order. */
export const gateways = (destinations: readonly Destination[], context: Context): readonly Gateway[] =>
  context.graph.workloads.flatMap((workload) => {
    const id = `${workload.namespace}/${workload.name}`;
    const mine = context.intents.ingresses.filter(({ intent }) => intent.gateway.$id === id);
    if (mine.length === 0 || workload.proxy !== "gateway") return [];
    const ports = [...new Set(mine.map(({ intent }) => intent.port))].sort((a, b) => a - b);
    const listeners = ports.flatMap((port) =>
      listener(
        id,
        port,
        mine.filter(({ intent }) => intent.port === port),
        destinations,
        context,
      ),
    );
    reportSharedTargets(id, listeners, mine, context);
    return [{ workload: id, namespace: workload.namespace, labels: workload.labels, listeners }];
  });

/** Ports of one service that are one port of the proxy: Istio would serve the hosts of both on either. */
const reportSharedTargets = (
  gateway: string,
  listeners: readonly GatewayListener[],
  ingresses: readonly Authored<Ingress>[],
  { report }: Context,
): void => {
  for (const { port, target } of listeners) {
    const ports = listeners.filter((other) => other.target === target).map((other) => other.port);
    if (ports.length < 2 || port === ports[0]) continue;
    for (const { intent, origin } of ingresses)
      if (intent.port === port) report("MESH2026", { gateway, ports, target }, at(origin, "port"));
  }
};

const listener = (
  id: string,
  port: number,
  ingresses: readonly Authored<Ingress>[],
  destinations: readonly Destination[],
  context: Context,
): readonly GatewayListener[] => {
  const services = context.servicesOf(id);
  const served = services.flatMap((service) =>
    service.ports
      .filter(({ number }) => number === port)
      .map((servicePort) => targetOf(service, servicePort, context.graph)),
  );
  const [target] = served;
  if (target === undefined) {
    const ports = services.flatMap((service) => service.ports.map(({ number }) => number));
    for (const { origin } of ingresses) context.report("MESH2016", { gateway: id, port, ports }, at(origin, "port"));
    return [];
  }
  const virtualHosts = ingresses.flatMap((ingress) => ingressHosts(ingress, destinations, context));
  return [{ port, target, virtualHosts: virtualHosts.sort((a, b) => (a.host < b.host ? -1 : 1)) }];
};

const ingressHosts = (
  { intent, origin }: Authored<Ingress>,
  destinations: readonly Destination[],
  context: Context,
): readonly VirtualHost[] => {
  const perRoute = intent.routes.map((written, index) =>
    inherited(written, at(origin, "routes", index), destinations, context),
  );
  perRoute.forEach((own, index) =>
    reportLost(own, perRoute.slice(0, index).flat(), at(origin, "routes", index), context),
  );
  const routes = perRoute.flat();
  if (intent.hosts.length === 0) context.report("MESH2018", {}, at(origin, "hosts"));
  return intent.hosts.map((host, index) => {
    const place = at(origin, "hosts", index);
    if (!/^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(host))
      context.report("MESH2017", { host }, place);
    return { host, namespace: intent.namespace.$id, routes, origin: place };
  });
};

/** An ingress route of which the earlier ones take everything. */
const reportLost = (
  own: readonly Route[],
  earlier: readonly Route[],
  origin: Origin,
  { report, platform }: Context,
): void => {
  const [mine, taken] = [own, earlier].map((routes) => routes.flatMap(({ matches }) => matches));
  if (mine!.length > 0 && areTaken(mine!, taken!, new Space(platform.pathNormalization)) === true)
    report("MESH2004", {}, origin);
};

/**
 * A route to a whole service becomes that service's own routes within it. Both conditions are asked of the request as
 * it reached the gateway; the gateway's limits hold where it states them, the service's otherwise.
 */
const inherited = (
  written: Written,
  origin: Origin,
  destinations: readonly Destination[],
  context: Context,
): readonly Route[] => {
  const calledOn = httpPort(written, destinations, context);
  const route = routeOf(written, calledOn, origin, context);
  const [backend] = route.backends;
  if (responds(written) || backend === undefined || backend.subset !== "any" || route.backends.length > 1)
    return [route];
  const service = destinations
    .find(({ host }) => host === backend.host)
    ?.ports.find(({ number }) => number === backend.port);
  return (service?.routes ?? []).flatMap((own) => {
    const matches = route.matches.flatMap((match) =>
      own.matches.flatMap((other): readonly Match[] => both(match, other)),
    );
    if (matches.length === 0) return [];
    return [
      {
        matches,
        ...(own.directResponse === "none"
          ? {
              backends: own.backends,
              directResponse: "none",
              timeout: written.timeout === undefined ? own.timeout : route.timeout,
              retries: written.retries === undefined ? own.retries : route.retries,
              requestHeaders: bothEdits(
                route.requestHeaders,
                own.requestHeaders,
                at(origin, "headers", "request"),
                context,
              ),
            }
          : responding(own.directResponse)),
        responseHeaders: bothEdits(
          own.responseHeaders,
          route.responseHeaders,
          at(origin, "headers", "response"),
          context,
        ),
        origin: own.backends.length === 1 && own.backends[0]?.subset === "any" ? origin : own.origin,
      },
    ];
  });
};

const both = (a: Match, b: Match): readonly Match[] => {
  const match = intersection(a, b);
  return match ? [match] : [];
};

/** A gateway's route has no port of its own to go by: a service with one HTTP port needs none named. */
const httpPort = (written: Written, destinations: readonly Destination[], context: Context): number => {
  if (responds(written)) return 0;
  const { to } = written;
  const id =
    "$kind" in to ? (to.$kind === "subset" ? to.$service : to.$kind === "service" ? to.$id : undefined) : to.to.$id;
  const ports =
    id === undefined ? [] : (context.service(id)?.ports ?? []).filter(({ protocol }) => carriesHttp(protocol));
  return ports.length === 1
    ? ports[0]!.number
    : (destinations.find(({ host }) => "$kind" in to && to.$kind === "external" && host === to.host)?.ports[0]
        ?.number ?? 0);
};

/** `first`, then `second`, as one set of edits; a name that both change in ways that do not fold is reported. */
const bothEdits = (first: HeaderEdits, second: HeaderEdits, origin: Origin, { report }: Context): HeaderEdits => {
  const replaced = new Set([...second.remove, ...second.set.map(([name]) => name)]);
  const added = new Set(second.add.map(([name]) => name));
  for (const [name] of first.add) if (added.has(name) && !replaced.has(name)) report("MESH2012", { name }, origin);
  const sorted = (pairs: HeaderEdits["set"]): HeaderEdits["set"] => [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
  const set = sorted([...first.set.filter(([name]) => !replaced.has(name)), ...second.set]);
  const kept = new Set(set.map(([name]) => name));
  return {
    remove: [...new Set([...first.remove, ...second.remove])].filter((name) => !kept.has(name)).sort(),
    set,
    add: sorted([...first.add.filter(([name]) => !replaced.has(name)), ...second.add]),
  };
};
