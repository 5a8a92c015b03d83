import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { laboratory, serviceAddresses, type Laboratory } from "../laboratory/laboratory.ts";
import type { MeshControl } from "../rig/mesh-control/mesh-control.ts";
import type { Rig } from "../rig/rig.ts";

/** Meshes as they are, served by our own control plane: Envoys replace what they have, so a new mesh is an update too. */
export const xdsLaboratory = (rig: Rig<MeshControl>, externalHosts: readonly string[]): Promise<Laboratory> => {
  const serve = (graph: ServiceGraph, mesh: Mesh): Promise<void> => {
    rig.plane.serve(
      mesh,
      Object.fromEntries([...serviceAddresses(graph)].map(([service, address]) => [service, [address]])),
    );
    return Promise.resolve();
  };
  return laboratory(rig, externalHosts, { set: serve, update: serve });
};
