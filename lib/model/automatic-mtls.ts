import { lookup, mtlsLookup, workloadLookup } from "./lookup.ts";
import type { Destination, Mesh, MeshWorkload } from "./mesh.ts";

/**
 * Whether automatic mTLS leaves calls to a destination in plain text though some of its workloads want mTLS, and which.
 * Istio asks the namespace's and the mesh's mode alone, never a workload's own (`push_context.go`,
 * BestEffortInferServiceMTLSMode); without automatic mTLS nothing is inferred.
 */
export const wantingInVain = (
  { kind, namespace, workloads }: Destination,
  mesh: Pick<Mesh, "platform" | "workloads" | "mtls">,
): readonly MeshWorkload[] => {
  const { inheritedMtls, mtls } = mtlsLookup(mesh.mtls);
  if (kind === "external" || !mesh.platform.autoMtls || inheritedMtls(namespace) !== "disabled") return [];
  return workloads.flatMap((id) => {
    const found = workloadLookup(mesh.workloads).workload(id);
    return found?.proxy === "sidecar" && mtls(found).mode !== "disabled" ? [found] : [];
  });
};

/** A proxied caller uses mTLS where the callee has a proxy that accepts it (Istio, "auto mTLS"). */
export const takesMtls = (mesh: Mesh, workload: MeshWorkload | undefined): boolean =>
  mesh.platform.autoMtls && workload?.proxy === "sidecar" && lookup(mesh).mtls(workload).mode !== "disabled";
