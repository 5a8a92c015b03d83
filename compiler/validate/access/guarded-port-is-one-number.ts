import { at } from "../../../lib/diagnostics/origin.ts";
import { idOf } from "../../../lib/graph/graph.ts";
import { named } from "../../../lib/graph/named.ts";
import type { ServicePolicy } from "../../../lib/intent/index.ts";
import { lawOfEach } from "../law.ts";

/** Rules are laid on all workloads of a service with numbers of ports: a name that means two would leave some of them open. */
export const guardedPortIsOneNumber = lawOfEach(
  "MESH3013",
  "policies",
  ["graph"],
  ({ intent, origin }, { graph }, report) => {
    const { service, servicesOf, workload } = named(graph);
    const { allow, deny } = intent.intent as ServicePolicy;
    if (allow === undefined && deny === undefined) return;
    const { $kind: kind, $id: id } = intent.about;
    const own =
      kind === "service" || kind === "tcp-service" ? [service(id)] : kind === "namespace" ? [] : servicesOf(id);
    for (const guarded of own) {
      for (const { target } of guarded?.ports ?? []) {
        if (guarded === undefined || typeof target === "number") continue;
        const numbers = guarded.workloads.flatMap(
          (member) => workload(member)?.ports.find(({ name }) => name === target)?.number ?? [],
        );
        const distinct = [...new Set(numbers)].sort((a, b) => a - b);
        if (distinct.length > 1)
          report(at(origin, "intent", allow === undefined ? "deny" : "allow"), {
            service: idOf(guarded),
            port: target,
            numbers: distinct,
          });
      }
    }
  },
);
