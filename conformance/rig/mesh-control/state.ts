import { renameSync, writeFileSync } from "node:fs";
import type { WorkloadId } from "../../../lib/graph/graph.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import type { PlacedPod } from "../workload.ts";

/** Where everything is that a mesh only names: what Kubernetes would tell our control plane. */
export interface Placement {
  /** The running pods of every workload of the mesh, by `namespace/workload`. */
  readonly instances: Readonly<Record<WorkloadId, readonly { readonly address: string }[]>>;
  /** The addresses by which each service is called, by `namespace/service`. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
}

/** All that our control plane is told, as one file. */
export interface State {
  /** Grows with every state of a run. */
  readonly serial: number;
  readonly mesh: Mesh;
  readonly placement: Placement;
}

/** Workloads without a pod are there too, with none; pods of workloads that the mesh does not know are not. */
export const placement = (mesh: Mesh, pods: Iterable<PlacedPod>, addresses: Placement["addresses"]): Placement => {
  const instances = new Map<WorkloadId, { readonly address: string }[]>(mesh.workloads.map(({ id }) => [id, []]));
  for (const { spec, address } of pods) instances.get(`${spec.namespace}/${spec.name}`)?.push({ address });
  return { instances: Object.fromEntries(instances), addresses };
};

/** Whoever reads meanwhile sees the state before or this one, never half of it. */
export const replaceState = (file: string, state: State): void => {
  const staged = `${file}.next`;
  writeFileSync(staged, JSON.stringify(state));
  renameSync(staged, file);
};
