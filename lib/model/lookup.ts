import type { WorkloadId } from "../graph/graph.ts";
import { once } from "../graph/once.ts";
import type { Authorization } from "./authorization.ts";
import type { Destination, Gateway, Host, Mesh, MeshWorkload, MtlsRule, Scope, Selector } from "./mesh.ts";

/** A mesh by its names. Made once for each of its lists: they are immutable, and thousands of questions are asked of one. */
export interface Lookup extends WorkloadLookup, AuthorizationLookup, MtlsLookup {
  readonly destination: (host: Host) => Destination | undefined;
  readonly gateway: (id: WorkloadId) => Gateway | undefined;
  readonly scope: (id: WorkloadId) => Scope | undefined;
}

export interface WorkloadLookup {
  readonly workload: (id: WorkloadId) => MeshWorkload | undefined;
}

export interface AuthorizationLookup {
  /** Those that speak of the workload, in the mesh's order. */
  readonly authorizations: (workload: MeshWorkload) => readonly Authorization[];
}

export interface MtlsLookup {
  /** The rule that decides for the workload: its own before its namespace's before the mesh's. */
  readonly mtls: (workload: MeshWorkload) => MtlsRule;
  /** The mode of a namespace's workloads that have no rule of their own. */
  readonly inheritedMtls: (namespace: string) => MtlsRule["mode"] | undefined;
  /** The rules that speak of the workload by name. */
  readonly ownMtls: (workload: MeshWorkload) => readonly MtlsRule[];
}

export const lookup = once((mesh: Mesh): Lookup => {
  const { workloads, destinations, gateways, scopes, authorizations, mtls } = mesh;
  return {
    ...workloadLookup(workloads),
    ...authorizationLookup(authorizations),
    ...mtlsLookup(mtls),
    ...byName(destinations, gateways, scopes),
  };
});

const byName = (
  destinations: Mesh["destinations"],
  gateways: Mesh["gateways"],
  scopes: Mesh["scopes"],
): Pick<Lookup, "destination" | "gateway" | "scope"> => {
  const destinationOf = new Map(destinations.map((destination) => [destination.host, destination]));
  const gatewayOf = new Map(gateways.map((gateway) => [gateway.workload, gateway]));
  const scopeOf = scopesByWorkload(scopes);
  return {
    destination: (host) => destinationOf.get(host),
    gateway: (id) => gatewayOf.get(id),
    scope: (id) => scopeOf.get(id),
  };
};

const scopesByWorkload = once(
  (scopes: readonly Scope[]) =>
    new Map(scopes.flatMap((scope) => scope.selector.workloads.map((id) => [id, scope] as const))),
);

export const workloadLookup = once((workloads: readonly MeshWorkload[]): WorkloadLookup => {
  const known = new Map(workloads.map((workload) => [workload.id, workload]));
  return { workload: (id) => known.get(id) };
});

export const authorizationLookup = once((authorizations: readonly Authorization[]): AuthorizationLookup => {
  const { mesh, namespaces, workloads } = bySelector(authorizations);
  return {
    authorizations: ({ id, namespace }) => [
      ...mesh,
      ...(namespaces.get(namespace) ?? []),
      ...(workloads.get(id) ?? []),
    ],
  };
});

export const mtlsLookup = once((rules: readonly MtlsRule[]): MtlsLookup => {
  const { mesh, namespaces, workloads } = bySelector(rules);
  return {
    mtls: ({ id, namespace }) => {
      const rule = workloads.get(id)?.[0] ?? namespaces.get(namespace)?.[0] ?? mesh[0];
      if (rule === undefined) throw new Error(`no mTLS rule speaks for ${id}: lowering writes one for the mesh`);
      return rule;
    },
    inheritedMtls: (namespace) => (namespaces.get(namespace)?.[0] ?? mesh[0])?.mode,
    ownMtls: ({ id }) => workloads.get(id) ?? [],
  };
});

const bySelector = <R extends { readonly selector: Selector }>(rules: readonly R[]) => {
  const mesh: R[] = [];
  const namespaces = new Map<string, R[]>();
  const workloads = new Map<WorkloadId, R[]>();
  const add = (map: Map<string, R[]>, key: string, rule: R): void => {
    const known = map.get(key);
    if (known) known.push(rule);
    else map.set(key, [rule]);
  };
  for (const rule of rules) {
    const { selector } = rule;
    if (selector.kind === "mesh") mesh.push(rule);
    else if (selector.kind === "namespace") add(namespaces, selector.namespace, rule);
    else for (const id of selector.workloads) add(workloads, id, rule);
  }
  return { mesh, namespaces, workloads };
};
