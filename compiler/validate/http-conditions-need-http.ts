import { at } from "../../lib/diagnostics/origin.ts";
import { idOf } from "../../lib/graph/graph.ts";
import { named } from "../../lib/graph/named.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import type { ServicePolicy } from "../../lib/intent/index.ts";
import { grants } from "./grants.ts";
import { law } from "./law.ts";

/** On bytes that are not HTTP, Istio drops HTTP conditions from a DENY, which then denies all (istio 24845, 25832). */
export const httpConditionsNeedHttp = law("MESH3007", ({ intents, graph }, report) => {
  for (const { intent, origin } of intents.policies) {
    const service = intent.about.$kind === "workload" ? undefined : named(graph).service(intent.about.$id);
    const opaque = service?.ports.find(
      ({ protocol }) => !carriesHttp(protocol) && protocol !== "udp" && protocol !== "undeclared",
    );
    if (!service || !opaque) continue;
    for (const { grant, path } of grants(intent.intent as ServicePolicy)) {
      const asked = grant.methods !== undefined ? "methods" : grant.paths !== undefined ? "paths" : undefined;
      if (asked) report(at(origin, "intent", ...path, asked), { service: idOf(service), port: opaque.number });
    }
  }
});
