import { at } from "../../../lib/diagnostics/origin.ts";
import { idOf, type Workload, type WorkloadId } from "../../../lib/graph/graph.ts";
import { named } from "../../../lib/graph/named.ts";
import type { ServicePolicy } from "../../../lib/intent/index.ts";
import { workloadsMeant } from "../../lower/callers.ts";
import { law } from "../law.ts";
import { grants, namedCallers } from "./grants.ts";

/** Proxies know callers by service account: a grant to one workload is a grant to all that run as it. */
export const grantReachesOnlyWhomItNames = law("MESH3003", ({ intents, graph }, report) => {
  const runningAs = new Map<string, WorkloadId[]>();
  for (const workload of graph.workloads) {
    const account = accountOf(workload);
    runningAs.set(account, [...(runningAs.get(account) ?? []), idOf(workload)]);
  }
  for (const { intent, origin } of intents.policies) {
    for (const { grant, path } of grants(intent.intent as ServicePolicy)) {
      for (const { caller, path: callerPath } of namedCallers(grant)) {
        const meant = new Set<WorkloadId>(workloadsMeant(caller, graph));
        const accounts = new Set([...meant].flatMap((id) => named(graph).workload(id) ?? []).map(accountOf));
        for (const account of accounts) {
          const others = (runningAs.get(account) ?? []).filter((id) => !meant.has(id));
          if (others.length > 0)
            report(at(origin, "intent", ...path, ...callerPath), { account, meant: [...meant].sort(), others });
        }
      }
    }
  }
});

const accountOf = ({ namespace, serviceAccount }: Workload): string => `${namespace}/${serviceAccount}`;
