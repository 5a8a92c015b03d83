import { fraction, percentage } from "../../../lib/model/fraction.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Destination, Gateway, GatewayListener, MeshWorkload, VirtualHost } from "../../../lib/model/mesh.ts";
import type { Route } from "../../../lib/model/route.ts";
import { matchesSet } from "../../../lib/requests/conditions.ts";
import type { Diagram, Diagrams } from "../../../lib/requests/diagrams.ts";
import { hopTls, type EdgePart } from "./part.ts";
import { outside } from "./places.ts";
import type { Side } from "./side.ts";

/** From outside to gateways, and from gateways to where their listeners' routes lead. */
export const gatewayParts = (side: Side): readonly EdgePart[] =>
  side.mesh.gateways.flatMap((gateway) => {
    const workload = lookup(side.mesh).workload(gateway.workload);
    if (workload === undefined) return [];
    return gateway.listeners.flatMap((listener) =>
      listener.virtualHosts.length === 0
        ? []
        : [
            entering(gateway, listener, side),
            ...listener.virtualHosts.flatMap((virtualHost) => leaving({ workload, listener, virtualHost }, side)),
          ],
    );
  });

/** Of whoever is outside: what names one of the hosts and matches one of their routes. */
const entering = ({ workload }: Gateway, listener: GatewayListener, side: Side): EdgePart => ({
  from: outside,
  to: side.places.node(workload, side.mesh),
  port: listener.port,
  protocol: "http",
  who: workload,
  share: "",
  asked: () => {
    const { diagrams } = side.space;
    const sets = listener.virtualHosts.map((virtualHost) =>
      diagrams.and(
        requestsFor(virtualHost, listener, diagrams),
        diagrams.or(...virtualHost.routes.map(({ matches }) => matchesSet(matches, diagrams))),
      ),
    );
    return {
      does: side.decided.decisions.arrival(workload, listener.target, undefined, false),
      of: diagrams.or(...sets),
      host: undefined,
      isHttp: true,
    };
  },
  // Nobody outside has an identity of the mesh.
  tls: "plain",
  isTlsKnown: true,
});

interface Listening {
  readonly workload: MeshWorkload;
  readonly listener: GatewayListener;
  readonly virtualHost: VirtualHost;
}

const leaving = ({ workload, listener, virtualHost }: Listening, side: Side): readonly EdgePart[] => {
  const { mesh, decided, space, places } = side;
  const { diagrams } = space;
  const backends = new Map(
    virtualHost.routes.flatMap((route) => route.backends.map((each) => [`${each.host}:${each.port}`, each] as const)),
  );
  return [...backends.values()].flatMap(({ host, port: number }) => {
    const to = lookup(mesh).destination(host);
    const port = to?.ports.find((each) => each.number === number);
    if (to === undefined || port === undefined) return [];
    const shareOf = (route: Route): string => shareWords(route, to, number);
    const shares = new Set(virtualHost.routes.map(shareOf).filter((share) => share !== "none"));
    const routes = virtualHost.routes.map((route) =>
      shareOf(route) === "none"
        ? route
        : { ...route, backends: route.backends.filter((each) => each.host === host && each.port === number) },
    );
    return [...shares].map((share): EdgePart => ({
      from: places.node(workload.id, mesh),
      to: host,
      port: number,
      protocol: port.protocol,
      who: workload.id,
      share: share === "" ? "" : `${share} of `,
      asked: () => ({
        does: decided.decisions.onward(workload, routes),
        of: diagrams.and(
          requestsFor(virtualHost, listener, diagrams),
          chosen(virtualHost.routes, (route) => shareOf(route) === share, diagrams),
        ),
        host,
        isHttp: true,
      }),
      tls: hopTls(to, port, mesh),
      isTlsKnown: false,
    }));
  });
};

/** How much of a route's requests a destination gets: `` is all, `none` nothing. */
const shareWords = ({ backends }: Route, { host }: Destination, port: number): string => {
  const sum = (all: Route["backends"]): number => all.reduce((total, { weight }) => total + weight, 0);
  const part = sum(backends.filter((each) => each.host === host && each.port === port));
  const all = sum(backends);
  return part === 0 ? "none" : part === all ? "" : percentage(fraction(part, all));
};

/** The requests for which one of some routes is the first that matches. */
const chosen = (routes: readonly Route[], isWanted: (route: Route) => boolean, diagrams: Diagrams): Diagram =>
  routes.reduceRight<Diagram>(
    (otherwise, route) =>
      diagrams.ite(matchesSet(route.matches, diagrams), isWanted(route) ? diagrams.yes : diagrams.no, otherwise),
    diagrams.no,
  );

/** HTTP requests that a virtual host answers: those for its name and for no more precise one. */
const requestsFor = ({ host }: VirtualHost, { virtualHosts }: GatewayListener, diagrams: Diagrams): Diagram =>
  diagrams.and(
    diagrams.not(diagrams.test({ of: "connection" })),
    named(host, diagrams),
    ...virtualHosts
      .filter((other) => host.startsWith("*") && other.host !== host && isMorePrecise(other.host, host))
      .map((other) => diagrams.not(named(other.host, diagrams))),
  );

const isMorePrecise = (host: string, than: string): boolean => !host.startsWith("*") || host.length > than.length;

const named = (host: string, diagrams: Diagrams): Diagram =>
  diagrams.test(
    host.startsWith("*")
      ? { of: "host", kind: "suffix", value: host.slice(1) }
      : { of: "host", kind: "exact", value: host },
  );
