import { at } from "../../../lib/diagnostics/origin.ts";
import type { Destination, Gateway } from "../../../lib/model/mesh.ts";
import type { Route } from "../../../lib/model/route.ts";
import { lawOfEach } from "../law.ts";

/** A try that may outlast the request can never be repeated. */
export const tryFitsIntoTimeout = lawOfEach("MESH2005", ["destinations", "gateways"], [], (holder, _, report) => {
  for (const { timeout, retries, origin } of routesOf(holder)) {
    if (timeout === "none" || retries === "none" || retries.perTry === "none" || retries.perTry < timeout) continue;
    report(at(origin, "retries", "perTry"), { timeout, perTry: retries.perTry });
  }
});

const routesOf = (holder: Destination | Gateway): readonly Route[] =>
  "ports" in holder
    ? holder.ports.flatMap(({ routes }) => routes)
    : holder.listeners.flatMap(({ virtualHosts }) => virtualHosts.flatMap(({ routes }) => routes));
