import { lookup } from "../../lib/model/lookup.ts";
import type { Destination, Mesh, MtlsRule } from "../../lib/model/mesh.ts";

/**
 * Whether Istio's automatic mTLS leaves calls to a namespace in plain text: it asks the namespace's and the mesh's mode
 * alone, and never a workload's own (`push_context.go`, BestEffortInferServiceMTLSMode).
 */
const inferredPlain = (rules: readonly MtlsRule[], namespace: string): boolean => {
  const own = rules.find(({ selector }) => selector.kind === "namespace" && selector.namespace === namespace);
  const rule = own ?? rules.find(({ selector }) => selector.kind === "mesh");
  return rule?.mode === "disabled";
};

/** Whether callers of a destination must be told to use mTLS, since its workloads want it and Istio would not guess so. */
export const mustBeTold = (destination: Destination, mesh: Mesh): boolean =>
  destination.kind !== "external" && inferredPlain(mesh.mtls, destination.namespace) && wantsMtls(destination, mesh);

const wantsMtls = ({ workloads }: Destination, mesh: Mesh): boolean => {
  const { workload, mtls } = lookup(mesh);
  return workloads.some((id) => {
    const found = workload(id);
    return found?.proxy === "sidecar" && mtls(found).mode !== "disabled";
  });
};
