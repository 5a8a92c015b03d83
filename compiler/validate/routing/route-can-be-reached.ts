import { covers } from "../../../lib/model/coverage.ts";
import type { Route } from "../../../lib/model/route.ts";
import { law } from "../law.ts";

/** A catch-all before the exception is the commonest routing mistake (istio 10485); platforms take it silently. */
export const routeCanBeReached = law("MESH2004", ({ mesh }, report) => {
  const seen = new Set<string>();
  const check = (routes: readonly Route[]): void =>
    routes.forEach((route, index) => {
      const key = JSON.stringify(route.origin);
      if (seen.has(key)) return;
      const earlier = routes.slice(0, index).filter((candidate) => JSON.stringify(candidate.origin) !== key);
      const unreachable = route.matches.every((match) =>
        earlier.some(({ matches }) => matches.some((other) => covers(other, match))),
      );
      if (!unreachable || earlier.length === 0) return;
      seen.add(key);
      const hiding = earlier.find(({ matches }) =>
        route.matches.some((match) => matches.some((other) => covers(other, match))),
      );
      report(route.origin, {}, hiding ? [{ message: "this one takes it", place: { origin: hiding.origin } }] : []);
    });
  for (const { ports } of mesh.destinations) for (const { routes } of ports) check(routes);
});
