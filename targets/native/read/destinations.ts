import { carriesHttp } from "../../../lib/graph/protocol.ts";
import type { ClientTls, Destination, DestinationPort, Host } from "../../../lib/model/mesh.ts";
import type { Route } from "../../../lib/model/route.ts";
import { portTls, type Way } from "./claims.ts";
import type { Claim, ProxyTold, TableHost } from "./proxy.ts";
import { formOf, originOf, settled, unreadable, type Reading } from "./reading.ts";

/** What proxies speak of that the graph does not have: servers outside of the mesh. */
export const externalDestinations = (
  told: readonly ProxyTold[],
  known: ReadonlySet<Host>,
  reading: Reading,
): readonly Destination[] => {
  const named = told.flatMap(({ tables, claims }) => [...tables, ...claims].map(({ host }) => host));
  return [...new Set(named)].filter((host) => !known.has(host)).map((host) => external(host, told, reading));
};

const external = (host: Host, told: readonly ProxyTold[], reading: Reading): Destination => {
  const tables = told.flatMap((one) => one.tables.filter((table) => table.host === host));
  const claims = told.flatMap((one) => one.claims.filter((claim) => claim.host === host));
  const [first, ...others] = claims.map(resolutionOf);
  // Where it stands is known from clusters alone.
  for (const { place, port } of tables)
    settled(
      claims.some((claim) => claim.port === port),
      place,
      reading,
    );
  if (first === undefined || others.some((one) => formOf(one) !== formOf(first)))
    for (const { place } of claims) unreadable(place, reading);
  const numbers = [...new Set(claims.map(({ port }) => port))].sort((a, b) => a - b);
  return {
    host,
    namespace: "",
    aliases: { anywhere: [], sameNamespace: [] },
    kind: "external",
    ports: numbers.map((number) => externalPort(number, claims, tables, reading)),
    subsets: [],
    workloads: [],
    resolution: first ?? "dns",
    origin: { module: host, path: [] },
  };
};

const resolutionOf = ({ host, cluster: { resolve, endpoints } }: Claim): Destination["resolution"] | undefined => {
  const addresses = endpoints.map(({ address }) => address);
  if (resolve === "dns") return addresses.length === 1 && addresses[0] === host ? "dns" : undefined;
  return addresses.length > 0 ? addresses : undefined;
};

const externalPort = (
  number: number,
  claims: readonly Claim[],
  tables: readonly TableHost[],
  reading: Reading,
): DestinationPort => {
  const own = claims.filter((claim) => claim.port === number);
  const endpoints = own.flatMap(({ cluster }) => cluster.endpoints);
  const targets = new Set(endpoints.map(({ port }) => port));
  const names = new Set(own.map(({ cluster }) => cluster.originate?.sni));
  const isOutside = endpoints.every(({ workload, identity }) => workload === undefined && identity === undefined);
  for (const { place, subset } of own)
    settled(targets.size === 1 && names.size === 1 && isOutside && subset === "any", place, reading);
  const [sni] = names;
  const tls: ClientTls = sni === undefined ? { mode: "plain" } : { mode: "originate", sni };
  return {
    number,
    name: String(number),
    protocol: tables.some(({ port }) => port === number) ? "http" : "tcp",
    target: [...targets][0] ?? number,
    tls,
    routes: [],
  };
};

/** A destination as callers' proxies have it. */
export const asTold = (
  destination: Destination,
  told: readonly ProxyTold[],
  ways: readonly Way[],
  reading: Reading,
): Destination => ({
  ...destination,
  ports: destination.ports.map((port): DestinationPort => {
    const { host, kind } = destination;
    const tables = told.flatMap((one) =>
      one.tables.filter((table) => table.host === host && table.port === port.number),
    );
    return {
      ...port,
      tls: kind === "external" ? port.tls : portTls(host, port.number, ways, reading),
      routes: carriesHttp(port.protocol) ? agreedRoutes(tables, port, reading) : [],
    };
  }),
});

/** All proxies lead requests for one port of a destination alike; where none knows it, nobody can tell. */
const agreedRoutes = (tables: readonly TableHost[], port: DestinationPort, reading: Reading): readonly Route[] => {
  const [first, ...others] = tables;
  if (first === undefined) return port.routes;
  const form = formOf(first.routes);
  for (const { routes, place } of others) settled(formOf(routes) === form, place, reading);
  return first.routes.map((route) => ({ ...route, origin: originOf(first.place) }));
};
