import type { WorkloadId } from "../graph/graph.ts";
import type { Authorization } from "./authorization.ts";
import type { Destination, Gateway, Host, Mesh, MeshWorkload, MtlsRule, Scope, Selector } from "./mesh.ts";

/** A mesh by its names. Made once for each mesh: meshes are immutable, and thousands of questions are asked of one. */
export interface Lookup {
  readonly workload: (id: WorkloadId) => MeshWorkload | undefined;
  readonly destination: (host: Host) => Destination | undefined;
  readonly gateway: (id: WorkloadId) => Gateway | undefined;
  readonly scope: (id: WorkloadId) => Scope | undefined;
  /** Those that speak of the workload, in the mesh's order. */
  readonly authorizations: (workload: MeshWorkload) => readonly Authorization[];
  /** The rule that decides for the workload: its own before its namespace's before the mesh's. */
  readonly mtls: (workload: MeshWorkload) => MtlsRule;
  /** The mode of a namespace's workloads that have no rule of their own. */
  readonly inheritedMtls: (namespace: string) => MtlsRule["mode"] | undefined;
  /** The rules that speak of the workload by name. */
  readonly ownMtls: (workload: MeshWorkload) => readonly MtlsRule[];
}

const lookups = new WeakMap<Mesh, Lookup>();

export const lookup = (mesh: Mesh): Lookup => {
  const known = lookups.get(mesh) ?? made(mesh);
  lookups.set(mesh, known);
  return known;
};

const made = (mesh: Mesh): Lookup => {
  const workloads = new Map(mesh.workloads.map((workload) => [workload.id, workload]));
  const destinations = new Map(mesh.destinations.map((destination) => [destination.host, destination]));
  const gateways = new Map(mesh.gateways.map((gateway) => [gateway.workload, gateway]));
  const scopes = new Map(mesh.scopes.flatMap((scope) => scope.selector.workloads.map((id) => [id, scope] as const)));
  const authorizations = bySelector(mesh.authorizations);
  const mtls = bySelector(mesh.mtls);
  return {
    workload: (id) => workloads.get(id),
    destination: (host) => destinations.get(host),
    gateway: (id) => gateways.get(id),
    scope: (id) => scopes.get(id),
    authorizations: ({ id, namespace }) => [
      ...authorizations.mesh,
      ...(authorizations.namespaces.get(namespace) ?? []),
      ...(authorizations.workloads.get(id) ?? []),
    ],
    mtls: ({ id, namespace }) => {
      const rule = mtls.workloads.get(id)?.[0] ?? mtls.namespaces.get(namespace)?.[0] ?? mtls.mesh[0];
      if (rule === undefined) throw new Error(`no mTLS rule speaks for ${id}: lowering writes one for the mesh`);
      return rule;
    },
    inheritedMtls: (namespace) => (mtls.namespaces.get(namespace)?.[0] ?? mtls.mesh[0])?.mode,
    ownMtls: ({ id }) => mtls.workloads.get(id) ?? [],
  };
};

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
