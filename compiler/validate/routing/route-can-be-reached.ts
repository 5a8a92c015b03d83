import type { Origin } from "../../../lib/diagnostics/origin.ts";
import type { Route } from "../../../lib/model/route.ts";
import { Space } from "../../../lib/requests/space.ts";
import { areTaken } from "../../../lib/requests/subset.ts";
import { lawOfEach } from "../law.ts";

/** A catch-all before the exception is the commonest routing mistake (istio 10485); platforms take it silently. */
export const routeCanBeReached = lawOfEach(
  "MESH2004",
  "destinations",
  ["platform"],
  ({ ports }, { platform }, report) => {
    const space = new Space(platform.pathNormalization);
    const seen = new Set<string>();
    const check = (routes: readonly Route[]): void =>
      routes.forEach((route, index) => {
        if (index === 0 || !isWritten(route)) return;
        const key = JSON.stringify(route.origin);
        if (seen.has(key)) return;
        const earlier = routes.slice(0, index).filter(({ origin }) => !isSame(origin, route.origin));
        const all = earlier.flatMap(({ matches }) => matches);
        if (all.length === 0 || areTaken(route.matches, all, space) !== true) return;
        seen.add(key);
        const alone = earlier.find(({ matches }) => areTaken(route.matches, matches, space) === true);
        const hiding = alone === undefined ? earlier : [alone];
        const message = hiding.length === 1 ? "this one takes it" : "this one takes a part of it";
        report(
          route.origin,
          {},
          hiding.map(({ origin }) => ({ message, place: { origin } })),
        );
      });
    for (const { routes } of ports) check(routes);
  },
);

/** What no route takes goes to the service as a whole: nobody wrote that, and nothing is lost where the routes take everything. */
const isWritten = ({ origin }: Route): boolean => origin.path.at(-2) === "routes";

const isSame = (a: Origin, b: Origin): boolean =>
  a.module === b.module && a.path.length === b.path.length && a.path.every((part, index) => part === b.path[index]);
