import { at } from "../../../lib/diagnostics/origin.ts";
import { named } from "../../../lib/graph/named.ts";
import type { ServicePolicy } from "../../../lib/intent/index.ts";
import { lawOfEach } from "../law.ts";

/** Security that speaks of nobody protects nobody (IST0127, KIA0004). */
export const policyHasWorkloads = lawOfEach(
  "MESH4055",
  "policies",
  ["graph"],
  ({ intent, origin }, { graph }, report) => {
    const service = named(graph).service(intent.about.$id);
    if (
      (intent.about.$kind !== "service" && intent.about.$kind !== "tcp-service") ||
      service === undefined ||
      service.workloads.length > 0
    )
      return;
    const said = (["mtls", "allow", "deny", "uses"] as const).find(
      (property) => (intent.intent as ServicePolicy)[property] !== undefined,
    );
    if (said) report(at(origin, "intent", said), { service: intent.about.$id });
  },
);
