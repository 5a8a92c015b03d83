import { blackHoleCluster, capturePorts, passthroughCluster } from "../emit/names.ts";
import type { Connection } from "./connection.ts";
import type { ChainTold, ListenerTold } from "./listeners.ts";
import { Claims, leadsTo, type ProxyReading, type ProxyTold, type TableHost, type WholePort } from "./proxy.ts";
import { below, fields, items, settled, text, texts, unreadable, type Node } from "./reading.ts";
import { harmlessOfAction, outboundName, routesOf } from "./routes.ts";

type Calls = Pick<ProxyTold, "tables" | "whole" | "claims" | "missing">;

/** What a sidecar does with the calls of its application. */
export const outbound = (listeners: readonly ListenerTold[], reading: ProxyReading): Calls => {
  const claims = new Claims(reading);
  const isCaptured = reading.instance?.loopback === undefined;
  const catchAll = listeners.filter(({ handsOver }) => handsOver);
  if (catchAll.length !== (isCaptured ? 1 : 0))
    unreadable({ value: undefined, at: "", object: `${reading.workload.id} listener virtualOutbound` }, reading);
  for (const listener of catchAll) handsOver(listener, reading);
  const read = listeners.filter((listener) => !listener.handsOver).map((listener) => calls(listener, claims, reading));
  const tables = read.flatMap((one) => one.tables);
  return { tables, whole: read.flatMap((one) => one.whole), claims: claims.all(), missing: claims.missing() };
};

/** Where calls end of which nothing is known. */
const unknownCluster = ({ platform }: ProxyReading): string =>
  platform.outbound === "allow-any" ? passthroughCluster : blackHoleCluster;

const handsOver = (listener: ListenerTold, reading: ProxyReading): void => {
  const { chains, otherwise, inspectors, node, port, isBound } = listener;
  if (port !== capturePorts.outbound || !isBound || inspectors.length > 0 || otherwise) unreadable(node, reading);
  const rest = chains.filter((chain) => {
    if (chain.port !== capturePorts.outbound) return true;
    endsIn(chain, blackHoleCluster, reading);
    return false;
  });
  if (rest.length !== 1 || !isForAll(rest[0]!)) unreadable(below(node, "filterChains"), reading);
  else endsIn(rest[0]!, unknownCluster(reading), reading);
};

const endsIn = (
  { connection: { to, rules, node }, socket }: ChainTold,
  cluster: string,
  reading: ProxyReading,
): void => {
  if (to.kind !== "cluster" || to.name !== cluster || rules.allow || rules.deny.length > 0 || socket)
    unreadable(node, reading);
  else leadsTo(to.node, { kind: cluster === blackHoleCluster ? "nowhere" : "as-dialled" }, reading);
};

const isForAll = ({ port, transport, protocols }: ChainTold): boolean =>
  port === undefined && transport === undefined && protocols.length === 0;

const calls = (listener: ListenerTold, claims: Claims, reading: ProxyReading): Pick<Calls, "tables" | "whole"> => {
  const { chains, node, isBound } = listener;
  const isCaptured = reading.instance?.loopback === undefined;
  const [chain, ...others] = chains;
  if (chain === undefined || others.length > 0 || isBound === isCaptured || chain.socket) {
    unreadable(below(node, "filterChains"), reading);
    return { tables: [], whole: [] };
  }
  const { to, rules } = chain.connection;
  // Nobody is asked before calls are made.
  if (rules.allow || rules.deny.length > 0) unreadable(chain.node, reading);
  if (to.kind === "cluster") return { tables: [], whole: wholePort(listener, chain, to, claims, reading) };
  if (to.kind !== "table") {
    unreadable(chain.node, reading);
    return { tables: [], whole: [] };
  }
  sniffs(listener, chain, reading);
  const port = isCaptured ? anyAddressPort(listener) : Number(loopbackName(listener, reading));
  const table = reading.resource("routes", to.name);
  if (table === undefined || port === undefined || !Number.isInteger(port)) {
    unreadable(to.node, reading);
    return { tables: [], whole: [] };
  }
  return { tables: routeTable(table, port, claims, reading), whole: [] };
};

const anyAddressPort = ({ address, port }: ListenerTold): number | undefined =>
  address === "0.0.0.0" ? port : undefined;

/** The service for which an application dials its proxy on this port. */
const loopbackName = ({ port }: ListenerTold, { instance }: ProxyReading): string | undefined =>
  Object.entries(instance?.loopback?.services ?? {}).find(([, number]) => number === port)?.[0];

/** Reports a listener that lets other bytes fare otherwise than calls of which nothing is known. */
const sniffs = ({ inspectors, otherwise, node }: ListenerTold, chain: ChainTold, reading: ProxyReading): void => {
  const { platform, instance } = reading;
  if (isForAll(chain)) {
    // What is no HTTP is then closed.
    if (inspectors.length > 0 || otherwise || (platform.outbound === "allow-any" && instance?.loopback === undefined))
      unreadable(node, reading);
    return;
  }
  const [inspector, ...others] = inspectors;
  const isPlainHttp = ["http/1.1", "h2c"].every((one) => chain.protocols.includes(one));
  if (inspector?.kind !== "http" || inspector.disabled.length > 0 || others.length > 0) unreadable(node, reading);
  if (chain.port !== undefined || chain.transport !== "raw_buffer" || !isPlainHttp || otherwise === undefined)
    unreadable(below(chain.node, "filterChainMatch"), reading);
  else endsIn(otherwise, unknownCluster(reading), reading);
};

const wholePort = (
  listener: ListenerTold,
  chain: ChainTold,
  to: Connection["to"] & { readonly kind: "cluster" },
  claims: Claims,
  reading: ProxyReading,
): readonly WholePort[] => {
  const { inspectors, otherwise, node, address, port } = listener;
  const named = outboundName(to.name);
  const isOnPort =
    reading.instance?.loopback === undefined ? named?.port === port : loopbackName(listener, reading) !== undefined;
  if (named?.subset !== "any" || !isOnPort || !isForAll(chain) || inspectors.length > 0 || otherwise) {
    unreadable(node, reading);
    return [];
  }
  claims.add(to.node);
  return [{ host: named.host, port: named.port, address, node }];
};

const routeTable = (table: Node, port: number, claims: Claims, reading: ProxyReading): readonly TableHost[] => {
  const { virtualHosts } = routeConfiguration(table, reading);
  let knowsUnknown = false;
  const read = items(virtualHosts).flatMap((node): readonly TableHost[] => {
    const { name, domains, routes } = virtualHost(node, reading);
    if (texts(domains).includes("*")) {
      knowsUnknown = true;
      unknownHosts(node, routes, texts(domains), reading);
      return [];
    }
    const [, host, number] = /^(.+):(\d+)$/.exec(text(name)) ?? [];
    if (host === undefined || Number(number) !== port) {
      unreadable(name ?? node, reading);
      return [];
    }
    return [{ host, port, domains: texts(domains), routes: routesOf(routes, reading, claims.add), node }];
  });
  if (!knowsUnknown) unreadable(virtualHosts ?? table, reading);
  return read;
};

export const routeConfiguration = (table: Node, reading: ProxyReading) => {
  const found = fields(table, ["virtualHosts", "ignorePortInHostMatching"], reading, {
    name: "the resource's own",
    maxDirectResponseBodySizeBytes: "memory",
    validateClusters: "whether a missing cluster is refused",
  });
  settled(table, found, { ignorePortInHostMatching: [true] }, reading);
  return found;
};

export const virtualHost = (node: Node, reading: ProxyReading) =>
  fields(node, ["name", "domains", "routes"], reading, {
    includeRequestAttemptCount: "sets a header that proxies own",
  });

/** Reports what of the answer to unknown names is not the platform's. */
const unknownHosts = (
  node: Node,
  routes: Node | undefined,
  domains: readonly string[],
  reading: ProxyReading,
): void => {
  const [route, ...others] = items(routes);
  if (route === undefined || others.length > 0 || domains.length > 1) {
    unreadable(node, reading);
    return;
  }
  const found = fields(route, ["match", "route", "directResponse"], reading, { name: "a name" });
  settled(route, found, { match: [{ prefix: "/" }] }, reading);
  const passes = reading.platform.outbound === "allow-any" && reading.instance?.loopback === undefined;
  if (!passes) {
    settled(route, found, { route: [undefined], directResponse: [{ status: 502 }] }, reading);
    return;
  }
  settled(route, found, { directResponse: [undefined] }, reading);
  const action = fields(found.route, ["cluster", "timeout"], reading, harmlessOfAction);
  settled(found.route ?? below(route, "route"), action, { cluster: [passthroughCluster], timeout: ["0s"] }, reading);
  if (action.cluster) leadsTo(action.cluster, { kind: "as-dialled" }, reading);
};
