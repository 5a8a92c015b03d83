import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { laboratory, serviceAddresses, type Laboratory } from "../laboratory/laboratory.ts";
import type { MeshControl } from "../rig/mesh-control/mesh-control.ts";
import type { MeshProxies } from "../rig/mesh-proxy/mesh-proxy.ts";
import type { Rig } from "../rig/rig.ts";

/** Meshes as they are emitted for the project's own proxies, which go over to what they are told: a new mesh is an update too. */
export const proxyLaboratory = (
  rig: Rig<MeshProxies | MeshControl>,
  externalHosts: readonly string[],
): Promise<Laboratory> => {
  const serve = (graph: ServiceGraph, mesh: Mesh): Promise<void> => {
    rig.plane.serve(
      mesh,
      Object.fromEntries([...serviceAddresses(graph)].map(([service, address]) => [service, [address]])),
    );
    return Promise.resolve();
  };
  return laboratory(rig, externalHosts, { set: serve, update: serve });
};
