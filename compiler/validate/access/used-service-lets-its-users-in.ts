import { at, type Origin } from "../../../lib/diagnostics/origin.ts";
import { named } from "../../../lib/graph/named.ts";
import type { Policy, ServicePolicy } from "../../../lib/intent/index.ts";
import { includes } from "../../../lib/model/authorization.ts";
import type { MeshWorkload } from "../../../lib/model/mesh.ts";
import { authorizationLookup, mtlsLookup, workloadLookup } from "../../../lib/model/lookup.ts";
import type { Authored } from "../../lower/intents.ts";
import { lawOfEach, type Subject } from "../law.ts";

/** A declared dependency that can never be called is a mistake on one of the two sides. */
export const usedServiceLetsItsUsersIn = lawOfEach(
  "MESH3006",
  "policies",
  ["graph", "workloads", "mtls", "authorizations"],
  (policy, given, report) => {
    for (const { origin, callers, callees, calleeId, callerId } of usesOf(policy, given)) {
      const everyRefused =
        callers.length > 0 && callees.length > 0 && callees.every((callee) => refusesAll(callers, callee, given));
      if (everyRefused) report(origin, { caller: callerId, callee: calleeId });
    }
  },
);

/** A caller without a proxy cannot speak mTLS (Kiali KIA0207). */
export const strictCalleesHaveProxiedCallers = lawOfEach(
  "MESH3010",
  "policies",
  ["graph", "workloads", "mtls"],
  (policy, given, report) => {
    const { mtls } = mtlsLookup(given.mtls);
    for (const { origin, callers, callees, calleeId, callerId } of usesOf(policy, given)) {
      const strict = callees.some((callee) => callee.proxy === "sidecar" && mtls(callee).mode === "strict");
      if (strict && callers.some(({ proxy }) => proxy === "none"))
        report(origin, { caller: callerId, callee: calleeId });
    }
  },
);

const refusesAll = (
  callers: readonly MeshWorkload[],
  callee: MeshWorkload,
  given: Pick<Subject, "mtls" | "authorizations">,
): boolean => {
  if (callee.proxy === "none") return false;
  const allows = authorizationLookup(given.authorizations)
    .authorizations(callee)
    .filter(({ action }) => action === "allow");
  if (allows.length === 0) return false;
  const isPlain = mtlsLookup(given.mtls).mtls(callee).mode === "disabled";
  return callers.every((caller) => {
    const identity = caller.proxy === "none" || isPlain ? undefined : caller.identity;
    return !allows.some(({ rules }) => rules.some(({ from }) => includes(from, identity)));
  });
};

interface Use {
  readonly origin: Origin;
  readonly callerId: string;
  readonly calleeId: string;
  readonly callers: readonly MeshWorkload[];
  readonly callees: readonly MeshWorkload[];
}

const usesOf = (
  { intent, origin }: Authored<Policy>,
  { graph, workloads }: Pick<Subject, "graph" | "workloads">,
): readonly Use[] => {
  const { uses = [] } = intent.intent as ServicePolicy;
  const members = (id: string, kind: string): readonly MeshWorkload[] =>
    (kind === "workload" || kind === "gateway" ? [id] : (named(graph).service(id)?.workloads ?? [])).flatMap(
      (workload) => workloadLookup(workloads).workload(workload) ?? [],
    );
  return uses.flatMap((dependency, index) =>
    dependency.$kind === "external" || dependency.$kind === "gateway"
      ? []
      : [
          {
            origin: at(origin, "intent", "uses", index),
            callerId: intent.about.$id,
            calleeId: dependency.$id,
            callers: members(intent.about.$id, intent.about.$kind),
            callees: members(dependency.$id, dependency.$kind),
          },
        ],
  );
};
