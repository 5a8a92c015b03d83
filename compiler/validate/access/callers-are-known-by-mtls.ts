import { at } from "../../../lib/diagnostics/origin.ts";
import type { ServicePolicy } from "../../../lib/intent/index.ts";
import { named } from "../../../lib/graph/named.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import { workloadsMeant } from "../../lower/callers.ts";
import { grants, namedCallers } from "./grants.ts";
import { law, type Subject } from "../law.ts";

/** An identity is proven by mTLS alone: without it, a rule on callers silently never matches (Kiali KIA0105). */
export const callersAreKnownByMtls = law("MESH3004", (subject, report) => {
  for (const { intent, origin } of subject.intents.policies) {
    const { about } = intent;
    const callees = calleesOf(subject, about);
    if (
      callees.length === 0 ||
      !callees.every((callee) => callee.proxy === "sidecar" && lookup(subject.mesh).mtls(callee).mode === "disabled")
    )
      continue;
    for (const { grant, path } of grants(intent.intent as ServicePolicy)) {
      if (grant.from !== "anyone" && !(Array.isArray(grant.from) && grant.from.includes("anyone")))
        report(at(origin, "intent", ...path, "from"), { callee: about.$id });
    }
  }
});

/** Without a proxy of its own a caller speaks plain text, whatever its service account. */
export const namedCallerHasAProxy = law("MESH3005", ({ intents, graph, mesh }, report) => {
  for (const { intent, origin } of intents.policies) {
    for (const { grant, path } of grants(intent.intent as ServicePolicy)) {
      for (const { caller, path: callerPath } of namedCallers(grant)) {
        const workloads = workloadsMeant(caller, graph);
        if (workloads.length > 0 && workloads.every((id) => lookup(mesh).workload(id)?.proxy === "none")) {
          report(at(origin, "intent", ...path, ...callerPath), {
            caller: caller.$kind === "subset" ? caller.$service : caller.$id,
          });
        }
      }
    }
  }
});

const calleesOf = ({ graph, mesh }: Subject, about: { readonly $kind: string; readonly $id: string }) => {
  const service = named(graph).service(about.$id);
  const ids = about.$kind === "service" || about.$kind === "tcp-service" ? (service?.workloads ?? []) : [about.$id];
  return ids.flatMap((id) => lookup(mesh).workload(id) ?? []);
};
