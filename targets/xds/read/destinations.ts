import { carriesHttp } from "../../../lib/graph/protocol.ts";
import type { ClientTls, Destination, DestinationPort, Host } from "../../../lib/model/mesh.ts";
import type { Route } from "../../../lib/model/route.ts";
import { portTls, type Way } from "./claims.ts";
import type { Claim, ProxyTold, TableHost } from "./proxy.ts";
import { originOf, unreadable, type Reading } from "./reading.ts";

/** A value without where it came from, for comparison. */
export const formOf = (value: unknown): string =>
  JSON.stringify(value, (key, below: unknown) => (key === "origin" || key === "node" ? undefined : below));

/** What proxies speak of that the graph does not have: servers outside of the mesh. */
export const externalDestinations = (
  told: readonly ProxyTold[],
  known: ReadonlySet<Host>,
  reading: Reading,
): readonly Destination[] => {
  const hosts = new Set(
    told.flatMap(({ tables, claims }) => [...tables, ...claims].flatMap(({ host }) => (known.has(host) ? [] : [host]))),
  );
  return [...hosts].flatMap((host) => external(host, told, reading));
};

const external = (host: Host, told: readonly ProxyTold[], reading: Reading): readonly Destination[] => {
  const tables = told.flatMap((one) => one.tables.filter((table) => table.host === host));
  const claims = told.flatMap((one) => one.claims.filter((claim) => claim.host === host));
  const [first, ...others] = claims.map((claim) => resolutionOf(claim));
  // Where it stands is known from clusters alone.
  for (const { node, port } of tables) if (!claims.some((claim) => claim.port === port)) unreadable(node, reading);
  if (first === undefined || others.some((one) => formOf(one) !== formOf(first)))
    for (const { upstream } of claims) unreadable(upstream.node, reading);
  const numbers = [...new Set(claims.map(({ port }) => port))].sort((a, b) => a - b);
  return [
    {
      host,
      namespace: "",
      aliases: { anywhere: [], sameNamespace: [] },
      kind: "external",
      ports: numbers.map((number) => externalPort(number, claims, tables, reading)),
      subsets: [],
      workloads: [],
      resolution: first ?? "dns",
      origin: { module: host, path: [] },
    },
  ];
};

const resolutionOf = ({ host, upstream: { kind, endpoints } }: Claim): Destination["resolution"] | undefined => {
  if (kind === "dns") return endpoints.length === 1 && endpoints[0]?.address === host ? "dns" : undefined;
  return kind === "endpoints" && endpoints.length > 0 ? endpoints.map(({ address }) => address) : undefined;
};

const externalPort = (
  number: number,
  claims: readonly Claim[],
  tables: readonly TableHost[],
  reading: Reading,
): DestinationPort => {
  const own = claims.filter((claim) => claim.port === number);
  const endpoints = own.flatMap(({ upstream }) => upstream.endpoints);
  const targets = new Set(endpoints.map(({ port }) => port));
  const sockets = new Set(endpoints.map(({ socket }) => formOf(socket)));
  const socket = endpoints[0]?.socket ?? { kind: "unknown" };
  const isKnown = socket.kind === "plain" || socket.kind === "originate";
  for (const { upstream, subset } of own)
    if (targets.size !== 1 || sockets.size !== 1 || !isKnown || subset !== "any") unreadable(upstream.node, reading);
  const tls: ClientTls = socket.kind === "originate" ? { mode: "originate", sni: socket.sni } : { mode: "plain" };
  const carries = tables.some((table) => table.port === number);
  const speaksHttp2 = own.some(({ upstream }) => upstream.speaks === "http2");
  return {
    number,
    name: String(number),
    protocol: carries ? (speaksHttp2 ? "http2" : "http") : "tcp",
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
    const tables = told.flatMap(({ tables }) =>
      tables.filter((table) => table.host === host && table.port === port.number),
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
  for (const { routes, node } of others) if (formOf(routes) !== form) unreadable(node, reading);
  return first.routes.map((route) => ({ ...route, origin: originOf(first.node) }));
};
