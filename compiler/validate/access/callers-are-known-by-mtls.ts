import { at } from "../../../lib/diagnostics/origin.ts";
import type { ServicePolicy } from "../../../lib/intent/index.ts";
import { named } from "../../../lib/graph/named.ts";
import { mtlsLookup, workloadLookup } from "../../../lib/model/lookup.ts";
import { workloadsMeant } from "../../lower/callers.ts";
import { grants, namedCallers } from "./grants.ts";
import { lawOfEach, type Subject } from "../law.ts";

/** An identity is proven by mTLS alone: without it, a rule on callers silently never matches (Kiali KIA0105). */
export const callersAreKnownByMtls = lawOfEach(
  "MESH3004",
  "policies",
  ["graph", "workloads", "mtls"],
  ({ intent, origin }, given, report) => {
    const { about } = intent;
    const callees = calleesOf(given, about);
    const { mtls } = mtlsLookup(given.mtls);
    if (
      callees.length === 0 ||
      !callees.every((callee) => callee.proxy === "sidecar" && mtls(callee).mode === "disabled")
    )
      return;
    for (const { grant, path } of grants(intent.intent as ServicePolicy)) {
      if (grant.from !== "anyone" && !(Array.isArray(grant.from) && grant.from.includes("anyone")))
        report(at(origin, "intent", ...path, "from"), { callee: about.$id });
    }
  },
);

/** Without a proxy of its own a caller speaks plain text, whatever its service account. */
export const namedCallerHasAProxy = lawOfEach(
  "MESH3005",
  "policies",
  ["graph", "workloads"],
  ({ intent, origin }, given, report) => {
    const { workload } = workloadLookup(given.workloads);
    for (const { grant, path } of grants(intent.intent as ServicePolicy)) {
      for (const { caller, path: callerPath } of namedCallers(grant)) {
        const workloads = workloadsMeant(caller, given.graph);
        if (workloads.length > 0 && workloads.every((id) => workload(id)?.proxy === "none")) {
          report(at(origin, "intent", ...path, ...callerPath), {
            caller: caller.$kind === "subset" ? caller.$service : caller.$id,
          });
        }
      }
    }
  },
);

const calleesOf = (
  { graph, workloads }: Pick<Subject, "graph" | "workloads">,
  about: { readonly $kind: string; readonly $id: string },
) => {
  const service = named(graph).service(about.$id);
  const ids = about.$kind === "service" || about.$kind === "tcp-service" ? (service?.workloads ?? []) : [about.$id];
  return ids.flatMap((id) => workloadLookup(workloads).workload(id) ?? []);
};
