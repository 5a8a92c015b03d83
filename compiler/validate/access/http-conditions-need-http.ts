import { at } from "../../../lib/diagnostics/origin.ts";
import type { ServiceGraph, ServicePort } from "../../../lib/graph/graph.ts";
import { named } from "../../../lib/graph/named.ts";
import { carriesHttp } from "../../../lib/graph/protocol.ts";
import type { ServicePolicy, Subject } from "../../../lib/intent/index.ts";
import { grants } from "./grants.ts";
import { lawOfEach } from "../law.ts";

/** On bytes that are not HTTP, Istio drops HTTP conditions from a DENY, which then denies all (istio 24845, 25832). */
export const httpConditionsNeedHttp = lawOfEach(
  "MESH3007",
  "policies",
  ["graph"],
  ({ intent, origin }, { graph }, report) => {
    const subject = intent.about.$id;
    const { ports, needsAll } = guarded(intent.about, graph);
    const opaque = needsAll ? ports.find(({ protocol }) => isOpaque(protocol)) : undefined;
    // A rule names the ports that carry HTTP; without one it would speak of all.
    if (opaque === undefined && ports.some(({ protocol }) => carriesHttp(protocol))) return;
    for (const { grant, path } of grants(intent.intent as ServicePolicy)) {
      const asked = grant.methods !== undefined ? "methods" : grant.paths !== undefined ? "paths" : undefined;
      if (asked) report(at(origin, "intent", ...path, asked), { subject, port: opaque?.number });
    }
  },
);

const isOpaque = (protocol: ServicePort["protocol"]): boolean =>
  protocol !== "undeclared" && protocol !== "udp" && !carriesHttp(protocol);

/** A service speaks of every port that it has; a workload or a gateway of those that carry HTTP. */
const guarded = (
  about: Subject,
  graph: ServiceGraph,
): { readonly ports: readonly ServicePort[]; readonly needsAll: boolean } => {
  if (about.$kind === "workload" || about.$kind === "gateway")
    return {
      ports: named(graph)
        .servicesOf(about.$id)
        .flatMap(({ ports }) => ports),
      needsAll: false,
    };
  return { ports: named(graph).service(about.$id)?.ports ?? [], needsAll: true };
};
