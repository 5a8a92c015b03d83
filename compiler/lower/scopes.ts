import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import { nearest } from "../../lib/diagnostics/nearest.ts";
import { idOf, type WorkloadId } from "../../lib/graph/graph.ts";
import type { Dependency, ServicePolicy } from "../../lib/intent/index.ts";
import { hostOf } from "../../lib/model/base.ts";
import type { Destination, Host, MeshWorkload, Scope } from "../../lib/model/mesh.ts";
import { callerWorkloads, namedCallers } from "./authorizations.ts";
import type { Context } from "./context.ts";
import { selectorOf } from "./selector.ts";

/**
 * What each sidecar must know: what its workload declares to use, what grants it access by name, and where the routes
 * of those lead. Nobody writes a scope, so nobody forgets to update one.
 */
export const scopes = (workloads: readonly MeshWorkload[], destinations: readonly Destination[], context: Context): readonly Scope[] => {
  const called = new Map<WorkloadId, Set<Host>>(workloads.map(({ id }) => [id, new Set<Host>()]));
  const add = (callers: readonly WorkloadId[], hosts: readonly Host[]): void => {
    for (const caller of callers) for (const host of hosts) called.get(caller)?.add(host);
  };
  for (const { intent, origin } of context.intents.policies) {
    const { uses } = intent.intent as ServicePolicy;
    const selector = selectorOf(intent.about, context);
    const callers = selector?.kind === "workloads" ? selector.workloads : [];
    uses?.forEach((dependency, index) => add(callers, dependencyHosts(dependency, at(origin, "intent", "uses", index), context)));
    const { about } = intent;
    const callee = about.$kind === "service" || about.$kind === "tcp-service" ? context.service(about.$id) : undefined;
    if (callee) for (const caller of namedCallers(intent.intent)) add(callerWorkloads(caller, origin, { ...context, report: () => undefined }), [hostOf(callee, context.platform)]);
  }
  const leadsTo = new Map(destinations.map((destination) => [destination.host, routedHosts(destination)]));
  return workloads
    .filter(({ proxy }) => proxy === "sidecar")
    .map(({ id, namespace, labels }) => {
      const hosts = [...(called.get(id) ?? [])];
      return { workload: id, namespace, labels, hosts: [...new Set([...hosts, ...hosts.flatMap((host) => leadsTo.get(host) ?? [])])].sort() };
    });
};

const routedHosts = ({ ports }: Destination): readonly Host[] => ports.flatMap(({ routes }) => routes.flatMap(({ backends }) => backends.map(({ host }) => host)));

const dependencyHosts = (dependency: Dependency, origin: Origin, context: Context): readonly Host[] => {
  if (dependency.$kind === "external") {
    if (!context.intents.externals.some(({ intent }) => intent.host === dependency.host)) context.report("MESH4052", { host: dependency.host }, origin);
    return [dependency.host];
  }
  if (dependency.$kind === "gateway") return context.servicesOf(dependency.$id).map((service) => hostOf(service, context.platform));
  const service = context.service(dependency.$id);
  if (service) return [hostOf(service, context.platform)];
  context.report("MESH4050", { kind: "service", name: dependency.$id, near: nearest(dependency.$id, context.graph.services.map(idOf)) }, origin);
  return [];
};
