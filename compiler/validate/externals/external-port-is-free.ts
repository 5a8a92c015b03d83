import { at } from "../../../lib/diagnostics/origin.ts";
import { carriesHttp } from "../../../lib/graph/protocol.ts";
import { law } from "../law.ts";

/** One port of a caller's proxy is one listener; HTTP and opaque bytes on it hide each other (istio 29197). */
export const externalPortIsFree = law(
  "MESH4056",
  ["externals", "scopes", "destinations"],
  ({ externals, scopes, destinations }, report) => {
    for (const { intent, origin } of externals) {
      for (const scope of scopes) {
        if (!scope.hosts.includes(intent.host)) continue;
        const other = destinations.find(
          ({ host, kind, ports }) =>
            kind === "headless" &&
            scope.hosts.includes(host) &&
            ports.some(({ number, protocol }) => number === intent.port && !carriesHttp(protocol)),
        );
        if (other) return report(at(origin, "port"), { host: intent.host, port: intent.port, other: other.host });
      }
    }
  },
);
