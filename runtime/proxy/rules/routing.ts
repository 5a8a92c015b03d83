import type { ClusterName, ForwardingRoute, HostTable, Route, VirtualHost } from "../../../targets/native/config.ts";
import type { HeaderMatch } from "../../../lib/model/route.ts";
import type { HeaderLines } from "../http1/head.ts";
import { checkedEdits } from "./header-edits.ts";
import { leavesAt, walkedTree, type WalkedTree } from "./path-tree.ts";

/** A route as it is taken: with the name of the host that it belongs to. */
export interface Taken {
  readonly virtualHost: string;
  readonly route: Route;
}

export type Routed = Taken | "unknown-host" | "no-route";

/** Where a request goes; `path` is normalised and without its query. */
export type Routing = (host: string, path: string, headers: HeaderLines) => Routed;

interface Candidate {
  readonly headers: readonly HeaderMatch[];
  readonly taken: Taken;
}

type Host = WalkedTree<Candidate>;

export const routing = ({ virtualHosts, exact, suffix }: HostTable): Routing => {
  const hosts = virtualHosts.map(hostRoutes);
  const hostAt = (index: number): Host => {
    const host = hosts[index];
    if (host === undefined) throw new RangeError(`there is no virtual host ${index}`);
    return host;
  };
  const byName = new Map(Object.entries(exact).map(([name, index]) => [name, hostAt(index)]));
  const bySuffix = new Map(Object.entries(suffix).map(([name, index]) => [name, hostAt(index)]));
  const hostOf = (host: string): Host | undefined => {
    const named = byName.get(host);
    if (named !== undefined || bySuffix.size === 0) return named;
    // The longest first: each dot further to the right leaves less.
    for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", dot + 1)) {
      const found = dot === 0 ? undefined : bySuffix.get(host.slice(dot));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return (host, path, headers) => {
    const found = hostOf(nameOf(host));
    if (found === undefined) return "unknown-host";
    for (const { headers: asked, taken } of leavesAt(found, path))
      if (asked.every((match) => holds(match, headers))) return taken;
    return "no-route";
  };
};

const hostRoutes = ({ name, routes, paths }: VirtualHost): Host => {
  const taken = routes.map((route): Taken => ({
    virtualHost: name,
    route:
      "directResponse" in route
        ? { ...route, responseHeaders: checkedEdits(route.responseHeaders) }
        : {
            ...route,
            requestHeaders: checkedEdits(route.requestHeaders),
            responseHeaders: checkedEdits(route.responseHeaders),
          },
  }));
  return walkedTree(paths, ({ route: index, headers }): Candidate => {
    const found = taken[index];
    if (found === undefined) throw new RangeError(`${name} has no route ${index}`);
    return { headers, taken: found };
  });
};

/** A host as tables have it: in lower case, without its port. */
const nameOf = (host: string): string => {
  const name = host.toLowerCase();
  const colon = name.lastIndexOf(":");
  if (colon === -1) return name;
  for (let at = colon + 1; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    if (code < 48 || code > 57) return name;
  }
  return colon === name.length - 1 ? name : name.slice(0, colon);
};

/** What there must be holds if it holds of one of several lines, what there must not be if it holds of none. */
const holds = (match: HeaderMatch, headers: HeaderLines): boolean => {
  const isStated = match.kind === "exact" || match.kind === "prefix" || match.kind === "present";
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at] === match.name && isMeant(match, headers[at + 1]!)) return isStated;
  return !isStated;
};

/** Whether a line is such as there must be, or must not. */
const isMeant = (match: HeaderMatch, value: string): boolean => {
  switch (match.kind) {
    case "present":
    case "absent":
      return true;
    case "exact":
    case "not-exact":
      return value === match.value;
    case "prefix":
    case "not-prefix":
      return value.startsWith(match.value);
  }
};

/** The backend to which a draw from [0, 1) falls. */
export const backendOf = ({ split }: ForwardingRoute, draw: number): ClusterName => {
  const last = split[split.length - 1]!;
  if (split.length === 1) return last.cluster;
  const drawn = draw * last.upTo;
  for (const { upTo, cluster } of split) if (drawn < upTo) return cluster;
  return last.cluster;
};
