import { at } from "../../../lib/diagnostics/origin.ts";
import { named } from "../../../lib/graph/named.ts";
import type { ServicePolicy } from "../../../lib/intent/index.ts";
import { includes, type Authorization } from "../../../lib/model/authorization.ts";
import type { Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import { law, type Subject } from "../law.ts";

/** A declared dependency that can never be called is a mistake on one of the two sides. */
export const usedServiceLetsItsUsersIn = law("MESH3006", (subject, report) => {
  const letsNothingIn = closedTo(subject.mesh);
  forEachUse(subject, ({ origin, callers, callees, calleeId, callerId }) => {
    const everyRefused =
      callers.length > 0 &&
      callees.length > 0 &&
      callers.every((caller) => callees.every((callee) => letsNothingIn(callee, caller)));
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

const closedTo = (mesh: Mesh): ((callee: MeshWorkload, caller: MeshWorkload) => boolean) => {
  const { authorizations, mtls } = lookup(mesh);
  const known = new Map<MeshWorkload, readonly Authorization[]>();
  const allowsOf = (callee: MeshWorkload): readonly Authorization[] => {
    const found = known.get(callee) ?? authorizations(callee).filter(({ action }) => action === "allow");
    known.set(callee, found);
    return found;
  };
  return (callee, caller) => {
    if (callee.proxy === "none") return false;
    const allows = allowsOf(callee);
    if (allows.length === 0) return false;
    const identity = caller.proxy === "none" || mtls(callee).mode === "disabled" ? undefined : caller.identity;
    return !allows.some(({ rules }) => rules.some(({ from }) => includes(from, identity)));
  };
};

interface Use {
  readonly origin: Parameters<typeof at>[0];
  readonly callerId: string;
  readonly calleeId: string;
  readonly callers: readonly MeshWorkload[];
  readonly callees: readonly MeshWorkload[];
}

/** Two laws ask for the same uses. */
const usesKnown = new WeakMap<Mesh, readonly Use[]>();

const forEachUse = (subject: Subject, visit: (use: Use) => void): void => {
  const uses = usesKnown.get(subject.mesh) ?? usesOf(subject);
  usesKnown.set(subject.mesh, uses);
  uses.forEach(visit);
};

const usesOf = ({ intents, graph, mesh }: Subject): readonly Use[] => {
  const known = new Map<string, readonly MeshWorkload[]>();
  const workloads = (id: string, kind: string): readonly MeshWorkload[] => {
    const key = `${kind} ${id}`;
    const found =
      known.get(key) ??
      (kind === "workload" || kind === "gateway" ? [id] : (named(graph).service(id)?.workloads ?? [])).flatMap(
        (workload) => lookup(mesh).workload(workload) ?? [],
      );
    known.set(key, found);
    return found;
  };
  return intents.policies.flatMap(({ intent, origin }) => {
    const { uses = [] } = intent.intent as ServicePolicy;
    return uses.flatMap((dependency, index) =>
      dependency.$kind === "external" || dependency.$kind === "gateway"
        ? []
        : [
            {
              origin: at(origin, "intent", "uses", index),
              callerId: intent.about.$id,
              calleeId: dependency.$id,
              callers: workloads(intent.about.$id, intent.about.$kind),
              callees: workloads(dependency.$id, dependency.$kind),
            },
          ],
    );
  });
};
