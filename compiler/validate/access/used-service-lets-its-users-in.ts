import { at } from "../../../lib/diagnostics/origin.ts";
import { named } from "../../../lib/graph/named.ts";
import type { ServicePolicy } from "../../../lib/intent/index.ts";
import { includes } from "../../../lib/model/authorization.ts";
import type { Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import { law, type Subject } from "../law.ts";

/** A declared dependency that can never be called is a mistake on one of the two sides. */
export const usedServiceLetsItsUsersIn = law("MESH3006", (subject, report) => {
  forEachUse(subject, ({ origin, callers, callees, calleeId, callerId }) => {
    const everyRefused =
      callers.length > 0 &&
      callees.length > 0 &&
      callers.every((caller) => callees.every((callee) => letsNothingIn(subject.mesh, callee, caller)));
    if (everyRefused) report(origin, { caller: callerId, callee: calleeId });
  });
});

/** A caller without a proxy cannot speak mTLS (Kiali KIA0207). */
export const strictCalleesHaveProxiedCallers = law("MESH3010", (subject, report) => {
  forEachUse(subject, ({ origin, callers, callees, calleeId, callerId }) => {
    const strict = callees.some(
      (callee) => callee.proxy === "sidecar" && lookup(subject.mesh).mtls(callee).mode === "strict",
    );
    if (strict && callers.some(({ proxy }) => proxy === "none")) report(origin, { caller: callerId, callee: calleeId });
  });
});

const letsNothingIn = (mesh: Mesh, callee: MeshWorkload, caller: MeshWorkload): boolean => {
  if (callee.proxy === "none") return false;
  const allows = lookup(mesh)
    .authorizations(callee)
    .filter(({ action }) => action === "allow");
  if (allows.length === 0) return false;
  const identity =
    caller.proxy === "none" || lookup(mesh).mtls(callee).mode === "disabled" ? undefined : caller.identity;
  return !allows.some(({ rules }) => rules.some(({ from }) => includes(from, identity)));
};

interface Use {
  readonly origin: Parameters<typeof at>[0];
  readonly callerId: string;
  readonly calleeId: string;
  readonly callers: readonly MeshWorkload[];
  readonly callees: readonly MeshWorkload[];
}

const forEachUse = ({ intents, graph, mesh }: Subject, visit: (use: Use) => void): void => {
  const workloads = (id: string, kind: string) =>
    (kind === "workload" || kind === "gateway" ? [id] : (named(graph).service(id)?.workloads ?? [])).flatMap(
      (workload) => lookup(mesh).workload(workload) ?? [],
    );
  for (const { intent, origin } of intents.policies) {
    const { uses } = intent.intent as ServicePolicy;
    uses?.forEach((dependency, index) => {
      if (dependency.$kind === "external" || dependency.$kind === "gateway") return;
      visit({
        origin: at(origin, "intent", "uses", index),
        callerId: intent.about.$id,
        calleeId: dependency.$id,
        callers: workloads(intent.about.$id, intent.about.$kind),
        callees: workloads(dependency.$id, dependency.$kind),
      });
    });
  }
};
