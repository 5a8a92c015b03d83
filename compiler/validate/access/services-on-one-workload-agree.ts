import { at } from "../../../lib/diagnostics/origin.ts";
import { idOf } from "../../../lib/graph/graph.ts";
import { named } from "../../../lib/graph/named.ts";
import type { Policy, ServicePolicy } from "../../../lib/intent/index.ts";
import { mtlsLookup } from "../../../lib/model/lookup.ts";
import { law } from "../law.ts";

/** Authorization is a workload's: one service's `allow` closes the other services that run on the same pods. */
export const servicesOnOneWorkloadAgreeOnAccess = law(
  "MESH3008",
  ["policies", "graph"],
  ({ policies, graph }, report) => {
    const speaking = new Map(
      policies.flatMap(({ intent }) =>
        isAboutService(intent) && (intent.intent as ServicePolicy).allow !== undefined
          ? [[intent.about.$id, intent] as const]
          : [],
      ),
    );
    const { service: serviceOf, servicesOf } = named(graph);
    for (const { intent, origin } of policies) {
      if (!isAboutService(intent) || !speaking.has(intent.about.$id)) continue;
      const service = serviceOf(intent.about.$id);
      const other = service?.workloads
        .flatMap(servicesOf)
        .find((candidate) => candidate !== service && !speaking.has(idOf(candidate)));
      if (other) report(at(origin, "intent", "allow"), { service: intent.about.$id, other: idOf(other) });
    }
  },
);

/** A workload may have the name of a service. */
const isAboutService = ({ about }: Policy): boolean => about.$kind === "service" || about.$kind === "tcp-service";

/** Two rules of one precision for one workload: the platform picks by age. */
export const oneMtlsModeForOneWorkload = law("MESH3009", ["workloads", "mtls"], ({ workloads, mtls }, report) => {
  for (const workload of workloads) {
    const own = mtlsLookup(mtls).ownMtls(workload);
    const modes = [...new Set(own.map(({ mode }) => mode))];
    const last = own[own.length - 1];
    if (modes.length > 1 && last)
      report(
        last.origin,
        { workload: workload.id, modes },
        own.slice(0, -1).map(({ origin }) => ({ message: "the other one is here", place: { origin } })),
      );
  }
});
