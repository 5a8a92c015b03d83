import { reachable } from "../../../lib/model/coverage.ts";
import type { HeaderMatch, Route as ModelRoute } from "../../../lib/model/route.ts";
import { clusterName } from "../cluster-name.ts";
import type { Route, RouteCandidate, VirtualHost } from "../config.ts";
import { pathTree } from "./path-tree.ts";
import { once } from "../../../lib/graph/once.ts";

type Compiled = Omit<VirtualHost, "name">;

/** Most proxies of a mesh are told the same routes. */
const compiledOnce = once((routes: readonly ModelRoute[]): Compiled => compiledRoutes(reachable(routes)));

export const virtualHost = (name: string, routes: readonly ModelRoute[]): VirtualHost => ({
  name,
  ...compiledOnce(routes),
});

/** Routes in order, to be looked up by path; equal for routes that mean the same at every path, however they are written. */
export const compiledRoutes = (routes: readonly ModelRoute[]): Compiled => ({
  routes: routes.map(compiledRoute),
  paths: pathTree(
    routes.flatMap(({ matches }, route) =>
      matches.map(({ path, headers }) => ({ path, value: { route, headers: headers.map(headerMatch) } })),
    ),
    candidates,
  ),
});

/** What may be taken of what holds at one path: nobody gets past a candidate without conditions. */
const candidates = (holding: readonly RouteCandidate[]): readonly RouteCandidate[] => {
  const byRoute = new Map<number, RouteCandidate[]>();
  for (const candidate of holding) byRoute.set(candidate.route, [...(byRoute.get(candidate.route) ?? []), candidate]);
  const kept: RouteCandidate[] = [];
  for (const alternatives of byRoute.values()) {
    const unconditional = alternatives.find(({ headers }) => headers.length === 0);
    if (unconditional !== undefined) return [...kept, unconditional];
    kept.push(...inOrder(alternatives));
  }
  return kept;
};

/** Alternatives of one route lead to the same place: their order means nothing. */
const inOrder = (alternatives: readonly RouteCandidate[]): readonly RouteCandidate[] =>
  [...new Map(alternatives.map((one) => [JSON.stringify(one.headers), one])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, candidate]) => candidate);

const headerMatch = (match: HeaderMatch): HeaderMatch =>
  match.kind === "present" || match.kind === "absent"
    ? { name: match.name, kind: match.kind }
    : { name: match.name, kind: match.kind, value: match.value };

const compiledRoute = (route: ModelRoute): Route => {
  const { backends, directResponse, timeout, retries, requestHeaders, responseHeaders } = route;
  if (directResponse !== "none") return { directResponse, responseHeaders };
  let sum = 0;
  return {
    split: backends.map((backend) => ({ upTo: (sum += backend.weight), cluster: clusterName(backend) })),
    timeout,
    retries,
    requestHeaders,
    responseHeaders,
  };
};
