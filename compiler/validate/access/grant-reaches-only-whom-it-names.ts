import { at } from "../../../lib/diagnostics/origin.ts";
import { idOf, type ServiceGraph, type Workload, type WorkloadId } from "../../../lib/graph/graph.ts";
import { named } from "../../../lib/graph/named.ts";
import type { ServicePolicy } from "../../../lib/intent/index.ts";
import { workloadsMeant } from "../../lower/callers.ts";
import { lawOfEach } from "../law.ts";
import { grants, namedCallers } from "./grants.ts";
import { once } from "../../../lib/graph/once.ts";

/** Proxies know callers by service account: a grant to one workload is a grant to all that run as it. */
export const grantReachesOnlyWhomItNames = lawOfEach(
  "MESH3003",
  "policies",
  ["graph"],
  ({ intent, origin }, { graph }, report) => {
    for (const { grant, path } of grants(intent.intent as ServicePolicy)) {
      for (const { caller, path: callerPath } of namedCallers(grant)) {
        const meant = new Set<WorkloadId>(workloadsMeant(caller, graph));
        const accounts = new Set([...meant].flatMap((id) => named(graph).workload(id) ?? []).map(accountOf));
        for (const account of accounts) {
          const others = workloadsAs(account, graph).filter((id) => !meant.has(id));
          if (others.length > 0)
            report(at(origin, "intent", ...path, ...callerPath), { account, meant: [...meant].sort(), others });
        }
      }
    }
  },
);

const workloadsByAccount = once(
  ({ workloads }: ServiceGraph): ReadonlyMap<string, readonly WorkloadId[]> =>
    new Map(
      Map.groupBy(workloads, accountOf)
        .entries()
        .map(([name, those]) => [name, those.map(idOf)] as const),
    ),
);

const workloadsAs = (account: string, graph: ServiceGraph): readonly WorkloadId[] =>
  workloadsByAccount(graph).get(account) ?? [];

const accountOf = ({ namespace, serviceAccount }: Workload): string => `${namespace}/${serviceAccount}`;
