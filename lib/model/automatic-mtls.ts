import { lookup } from "./lookup.ts";
import type { Destination, Mesh, MeshWorkload } from "./mesh.ts";

/**
 * Whether automatic mTLS leaves calls to a destination in plain text though some of its workloads want mTLS, and which.
 * Istio asks the namespace's and the mesh's mode alone, never a workload's own (`push_context.go`,
 * BestEffortInferServiceMTLSMode); without automatic mTLS nothing is inferred.
 */
export const wantingInVain = ({ kind, namespace, workloads }: Destination, mesh: Mesh): readonly MeshWorkload[] => {
  const { inheritedMtls, mtls, workload } = lookup(mesh);
  if (kind === "external" || !mesh.platform.autoMtls || inheritedMtls(namespace) !== "disabled") return [];
  return workloads.flatMap((id) => {
    const found = workload(id);
    return found?.proxy === "sidecar" && mtls(found).mode !== "disabled" ? [found] : [];
  });
};
