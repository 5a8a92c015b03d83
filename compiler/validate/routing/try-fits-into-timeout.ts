import { at } from "../../../lib/diagnostics/origin.ts";
import { law } from "../law.ts";

/** A try that may outlast the request can never be repeated. */
export const tryFitsIntoTimeout = law(
  "MESH2005",
  ["destinations", "gateways"],
  ({ destinations, gateways }, report) => {
    const routes = [
      ...destinations.flatMap(({ ports }) => ports.flatMap((port) => port.routes)),
      ...gateways.flatMap(({ listeners }) =>
        listeners.flatMap(({ virtualHosts }) => virtualHosts.flatMap((host) => host.routes)),
      ),
    ];
    const seen = new Set<string>();
    for (const { timeout, retries, origin } of routes) {
      if (timeout === "none" || retries === "none" || retries.perTry === "none" || retries.perTry < timeout) continue;
      const key = JSON.stringify(origin);
      if (!seen.has(key)) report(at(origin, "retries", "perTry"), { timeout, perTry: retries.perTry });
      seen.add(key);
    }
  },
);
