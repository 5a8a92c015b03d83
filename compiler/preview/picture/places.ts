import type { WorkloadId } from "../../../lib/graph/graph.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Host, Mesh } from "../../../lib/model/mesh.ts";

/** Callers from beyond the mesh, as one node; no host and no workload is called so. */
export const outside = "outside/";

/**
 * Where workloads stand in a picture: at the one service that they are behind, or by themselves where none or several
 * are. Two meshes that are compared share it, so that nothing moves that only gained a second service.
 */
export class Places {
  readonly #hosts = new Map<WorkloadId, Set<Host>>();

  constructor(meshes: readonly Mesh[]) {
    for (const { destinations } of meshes)
      for (const { host, workloads } of destinations)
        for (const id of workloads) this.#hosts.set(id, (this.#hosts.get(id) ?? new Set<Host>()).add(host));
  }

  /** The node of a workload: a service's host, or the workload's own id. */
  node(id: WorkloadId, mesh: Mesh): string {
    const [host, ...others] = this.#hosts.get(id) ?? [];
    return host !== undefined && others.length === 0 && lookup(mesh).destination(host) ? host : id;
  }
}
