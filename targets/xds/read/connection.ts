import type { PathNormalization } from "../../../lib/graph/platform.ts";
import { chainRules, noRules, type ChainRules } from "./access/filters.ts";
import {
  below,
  fields,
  items,
  settled,
  text,
  typeOf,
  unreadable,
  type Harmless,
  type Node,
  type Reading,
} from "./reading.ts";

/** What a chain of network filters does with a connection: authorization, then requests by routes, or bytes to a cluster. */
export interface Connection {
  readonly node: Node;
  readonly rules: ChainRules;
  readonly to:
    | { readonly kind: "table"; readonly name: string; readonly node: Node }
    | { readonly kind: "routes"; readonly routes: Node }
    | { readonly kind: "cluster"; readonly name: string; readonly node: Node }
    | { readonly kind: "unknown" };
}

const http = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const networkRbac = "envoy.extensions.filters.network.rbac.v3.RBAC";
const tcpProxy = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
const httpRbac = "envoy.extensions.filters.http.rbac.v3.RBAC";
const router = "envoy.extensions.filters.http.router.v3.Router";

/** HTTP filters that do nothing to a request unless a route tells them to, which is reported there, or they are told here. */
const idleFilters: Readonly<Record<string, Harmless>> = {
  "envoy.extensions.filters.http.cors.v3.Cors": {},
  "envoy.extensions.filters.http.fault.v3.HTTPFault": {},
  "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig": {
    emitFilterState: "for logs",
    statsForAllMethods: "statistics",
    individualMethodStatsAllowlist: "statistics",
    enableUpstreamStats: "statistics",
  },
};

/** Of a connection that is read as HTTP: nothing of it decides where a request goes or what comes of it. */
const harmlessOfHttp: Harmless = {
  statPrefix: "a name in statistics",
  tracing: "watches",
  accessLog: "watches",
  requestIdExtension: "sets headers that proxies own",
  serverName: "sets a header that proxies own",
  useRemoteAddress: "sets headers that proxies own",
  forwardClientCertDetails: "sets headers that proxies own",
  setCurrentClientCertDetails: "sets headers that proxies own",
  proxy100Continue: "who says that a body may come",
};

export const connection = (filters: Node | undefined, holder: Node, reading: Reading): Connection => {
  const read = items(filters);
  const last = read.at(-1);
  if (last === undefined) {
    unreadable(below(holder, "filters"), reading);
    return { node: holder, rules: noRules, to: { kind: "unknown" } };
  }
  const before = read.slice(0, -1).map((filter) => {
    const typed = typedConfig(filter, reading);
    if (typeOf(typed) !== networkRbac) unreadable(filter, reading);
    return typed;
  });
  const rules = chainRules(
    before.filter((typed) => typeOf(typed) === networkRbac),
    reading,
  );
  const typed = typedConfig(last, reading);
  if (typeOf(typed) === tcpProxy) {
    const { cluster } = fields(typed, ["cluster"], reading, {
      statPrefix: "a name in statistics",
      accessLog: "watches",
    });
    if (cluster === undefined) unreadable(below(typed, "cluster"), reading);
    return { node: typed, rules, to: { kind: "cluster", name: text(cluster), node: cluster ?? typed } };
  }
  if (typeOf(typed) !== http || before.length > 0) {
    unreadable(last, reading);
    return { node: typed, rules, to: { kind: "unknown" } };
  }
  return httpConnection(typed, reading);
};

const typedConfig = (filter: Node, reading: Reading): Node => {
  const found = fields(filter, ["typedConfig"], reading, { name: "a name" }).typedConfig;
  if (found === undefined) unreadable(filter, reading);
  return found ?? filter;
};

const httpConnection = (node: Node, reading: Reading): Connection => {
  const found = fields(
    node,
    [
      "rds",
      "routeConfig",
      "httpFilters",
      "streamIdleTimeout",
      "normalizePath",
      "mergeSlashes",
      "pathWithEscapedSlashesAction",
      "upgradeConfigs",
      "httpProtocolOptions",
    ],
    reading,
    harmlessOfHttp,
  );
  settled(
    node,
    found,
    {
      // Absent: five minutes, which no mesh says.
      streamIdleTimeout: ["0s"],
      upgradeConfigs: [undefined, [{ upgradeType: "websocket" }]],
      httpProtocolOptions: [undefined, {}],
      ...normalization[reading.platform.pathNormalization],
    },
    reading,
  );
  const rules = httpRules(found.httpFilters, node, reading);
  const { rds, routeConfig } = found;
  if (routeConfig !== undefined) return { node, rules, to: { kind: "routes", routes: routeConfig } };
  if (rds === undefined) {
    unreadable(below(node, "rds"), reading);
    return { node, rules, to: { kind: "unknown" } };
  }
  const { routeConfigName } = fields(rds, ["routeConfigName"], reading, { configSource: "where it came from" });
  return { node, rules, to: { kind: "table", name: text(routeConfigName), node: rds } };
};

/** Envoy's own steps for each of the platform's choices (Istio, `buildHTTPConnectionManager`). */
const normalization: Readonly<Record<PathNormalization, Readonly<Record<string, readonly unknown[]>>>> = {
  none: settings(false, false, false),
  base: settings(true, false, false),
  "merge-slashes": settings(true, true, false),
  "decode-and-merge-slashes": settings(true, true, true),
};

function settings(normalizes: boolean, merges: boolean, decodes: boolean) {
  return {
    normalizePath: normalizes ? [true] : [undefined, false],
    mergeSlashes: merges ? [true] : [undefined, false],
    pathWithEscapedSlashesAction: decodes ? ["UNESCAPE_AND_FORWARD"] : [undefined, "KEEP_UNCHANGED"],
  };
}

const httpRules = (filters: Node | undefined, holder: Node, reading: Reading): ChainRules => {
  const rbac: Node[] = [];
  const read = items(filters);
  for (const [index, filter] of read.entries()) {
    const typed = typedConfig(filter, reading);
    const type = typeOf(typed);
    const idle = idleFilters[type];
    const isLast = index === read.length - 1;
    if (type === httpRbac && !isLast) rbac.push(typed);
    else if (idle !== undefined && !isLast) fields(typed, [], reading, idle);
    else if (type === router && isLast) fields(typed, [], reading);
    else unreadable(filter, reading);
  }
  // Requests go nowhere without a router.
  if (read.length === 0) unreadable(below(holder, "httpFilters"), reading);
  return chainRules(rbac, reading);
};
