import { responding, type Backend, type Match, type PathMatch, type Route } from "../../../lib/model/route.ts";
import { calledOf } from "../cluster-name.ts";
import type { PathTree, ForwardingRoute, RouteCandidate, VirtualHost } from "../config.ts";
import { compiledRoutes } from "../emit/virtual-host.ts";
import { below, formOf, originOf, settled, type Place, type Reading } from "./reading.ts";

/**
 * Routes in order, from what they were compiled to. Reports a tree that is no such thing: one in which a path leads past
 * what holds of it, or to what holds of other paths alone.
 */
export const routesOf = ({ routes, paths }: VirtualHost, place: Place, reading: Reading): readonly Route[] => {
  const begun = introduced(paths, []);
  const read = routes.map((route, number): Route => {
    const matches = begun.flatMap(({ path, leaf }): readonly Match[] =>
      leaf.route === number ? [{ path, headers: leaf.headers }] : [],
    );
    return {
      matches,
      ...("directResponse" in route
        ? responding(route.directResponse)
        : {
            backends: backends(route),
            directResponse: "none",
            timeout: route.timeout,
            retries: route.retries,
            requestHeaders: route.requestHeaders,
          }),
      responseHeaders: route.responseHeaders,
      origin: originOf(place),
    };
  });
  const again = compiledRoutes(read);
  settled(formOf(again.paths) === formOf(paths), below(place, "paths"), reading);
  settled(formOf(again.routes) === formOf(routes), below(place, "routes"), reading);
  return read;
};

const backends = ({ split }: ForwardingRoute): readonly Backend[] =>
  split.map(({ upTo, cluster }, index) => ({
    ...calledOf(cluster),
    weight: upTo - (split[index - 1]?.upTo ?? 0),
  }));

export interface Introduced<Leaf> {
  readonly path: PathMatch;
  readonly leaf: Leaf;
}

/** What begins to hold at each node of a tree: what stands there and did not above. */
export const introduced = <Leaf extends RouteCandidate | true>(
  { under, exact, next }: PathTree<Leaf>,
  above: readonly Leaf[],
  at = "",
): readonly Introduced<Leaf>[] => {
  const isNew = (known: readonly Leaf[]): ((leaf: Leaf) => boolean) => {
    const forms = new Set(known.map((leaf) => JSON.stringify(leaf)));
    return (leaf) => !forms.has(JSON.stringify(leaf));
  };
  return [
    ...under.filter(isNew(above)).map((leaf) => ({
      path: at === "" ? ({ kind: "any" } as const) : ({ kind: "prefix", value: at } as const),
      leaf,
    })),
    ...(exact ?? []).filter(isNew(under)).map((leaf) => ({ path: { kind: "exact", value: at } as const, leaf })),
    ...Object.entries(next ?? {}).flatMap(([edge, child]) => introduced(child, under, `${at}${edge}`)),
  ];
};
