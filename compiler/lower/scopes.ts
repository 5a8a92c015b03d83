import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import type { WorkloadId } from "../../lib/graph/graph.ts";
import type { Dependency, Policy, ServicePolicy } from "../../lib/intent/index.ts";
import { hostOf } from "../../lib/model/base.ts";
import type { Destination, Host, MeshWorkload, Scope } from "../../lib/model/mesh.ts";
import { callersOf, isNamedAlone, workloadsMeant, type NamedCaller } from "./callers.ts";
import { reportUnknown, type Context } from "./context.ts";
import type { Authored } from "./intents.ts";
import { selectorOf } from "./selector.ts";
import { once } from "../../lib/graph/once.ts";

/**
 * What each sidecar must know: what its workload declares to use, what grants it access by name, and where the routes
 * of those lead. Nobody writes a scope, so nobody forgets to update one.
 */
export const scopes = (
  workloads: readonly MeshWorkload[],
  destinations: readonly Destination[],
  context: Context,
): readonly Scope[] => {
  const calls = context.intents.policies.map((policy) =>
    context.remembered("calls", policy, () => callsOf(policy, context)),
  );
  const leads = destinations.map(leadOf);
  return context.unlessSame("scopes", { calls, leads, workloads }, (given) => scopesFor(given, context));
};

/** Workloads that will call hosts. */
interface Calls {
  readonly callers: readonly WorkloadId[];
  readonly hosts: readonly Host[];
}

/** Where the routes of a destination lead. */
interface Lead {
  readonly host: Host;
  readonly to: readonly Host[];
}

/** The calls that a policy speaks of: its own subject's, and those of whom it lets in by name. */
const callsOf = ({ intent, origin }: Authored<Policy>, context: Context): readonly Calls[] => {
  const { uses = [] } = intent.intent as ServicePolicy;
  const selector = selectorOf(intent.about, context);
  const callers = selector?.kind === "workloads" ? selector.workloads : [];
  const used = uses.map((dependency, index) => ({
    callers,
    hosts: dependencyHosts(dependency, at(origin, "intent", "uses", index), context),
  }));
  const { about } = intent;
  const callee = about.$kind === "service" || about.$kind === "tcp-service" ? context.service(about.$id) : undefined;
  if (callee === undefined) return used;
  const hosts = [hostOf(callee, context.platform)];
  return [
    ...used,
    ...grantedAlone(intent.intent).map((caller) => ({ callers: workloadsMeant(caller, context.graph), hosts })),
  ];
};

const scopesFor = (
  {
    calls,
    leads,
    workloads,
  }: {
    readonly calls: readonly (readonly Calls[])[];
    readonly leads: readonly Lead[];
    readonly workloads: readonly MeshWorkload[];
  },
  context: Context,
): readonly Scope[] => {
  const called = new Map<WorkloadId, Set<Host>>(workloads.map(({ id }) => [id, new Set<Host>()]));
  for (const { callers, hosts } of calls.flat())
    for (const caller of callers) for (const host of hosts) called.get(caller)?.add(host);
  const leadsTo = new Map(leads.map(({ host, to }) => [host, to]));
  const hostsOf = new Map(
    workloads
      .filter(({ proxy }) => proxy === "sidecar")
      .map(({ id }) => {
        return [id, [...reached(called.get(id) ?? new Set(), leadsTo)].sort()] as const;
      }),
  );
  return grouped(hostsOf, context);
};

/** Callers whom a policy lets in by name, and so says that they will call. */
const grantedAlone = (intent: Policy["intent"]): readonly NamedCaller[] => {
  const { allow } = intent as ServicePolicy;
  if (allow === undefined || typeof allow === "string") return [];
  return allow.flatMap((grant) => callersOf(grant).map(({ caller }) => caller)).filter(isNamedAlone);
};

/** A rule that a proxy is sent brings its destinations along, and their rules theirs (Istio, `sidecar.go`): so do we. */
const reached = (called: ReadonlySet<Host>, leadsTo: ReadonlyMap<Host, readonly Host[]>): ReadonlySet<Host> => {
  const hosts = new Set(called);
  // A set that grows while it is walked is walked to its end.
  for (const host of hosts) for (const next of leadsTo.get(host) ?? []) hosts.add(next);
  return hosts;
};

/** One scope for a service whose workloads all know the same and belong to nobody else; one for each other workload. */
const grouped = (hostsOf: ReadonlyMap<WorkloadId, readonly Host[]>, context: Context): readonly Scope[] => {
  const scopes: Scope[] = [];
  const done = new Set<WorkloadId>();
  for (const service of context.graph.services) {
    const [first] = service.workloads;
    const hosts = first === undefined ? undefined : hostsOf.get(first);
    const alike =
      hosts !== undefined &&
      service.workloads.every((id) => context.servicesOf(id).length === 1 && hostsOf.get(id)?.join() === hosts.join());
    if (!alike) continue;
    for (const id of service.workloads) done.add(id);
    const { namespace, selector: labels, workloads, name } = service;
    scopes.push({ selector: { kind: "workloads", namespace, labels, workloads, name }, hosts });
  }
  for (const [id, hosts] of hostsOf) {
    const workload = context.workload(id);
    if (done.has(id) || workload === undefined) continue;
    scopes.push({
      selector: {
        kind: "workloads",
        namespace: workload.namespace,
        labels: workload.labels,
        workloads: [id],
        name: `${workload.name}.workload`,
      },
      hosts,
    });
  }
  const key = ({ selector }: Scope): string => `${selector.namespace}/${selector.name}`;
  return scopes.sort((a, b) => (key(a) < key(b) ? -1 : 1));
};

const leadOf = once(({ host, ports }: Destination): Lead => ({
  host,
  to: ports.flatMap(({ routes }) => routes.flatMap(({ backends }) => backends.map((backend) => backend.host))),
}));

const dependencyHosts = (dependency: Dependency, origin: Origin, context: Context): readonly Host[] => {
  if (dependency.$kind === "external") {
    if (!context.intents.externals.some(({ intent }) => intent.host === dependency.host))
      context.report("MESH4052", { host: dependency.host }, origin);
    return [dependency.host];
  }
  if (dependency.$kind === "gateway")
    return context.servicesOf(dependency.$id).map((service) => hostOf(service, context.platform));
  const service = context.service(dependency.$id);
  if (service?.kind === "external-name") {
    context.report("MESH4057", { service: dependency.$id }, origin);
    return [];
  }
  if (service) return [hostOf(service, context.platform)];
  reportUnknown("service", dependency.$id, origin, context);
  return [];
};
