import { wantingInVain } from "../../../lib/model/automatic-mtls.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import { law } from "../law.ts";

/**
 * Callers choose TLS for a service as a whole. Where its namespace does without and its workloads do not agree, either
 * choice breaks some of them (istio: automatic mTLS never asks a workload's own mode).
 */
export const callersCanTellWhoWantsMtls = law("MESH3011", ({ mesh }, report) => {
  for (const destination of mesh.destinations) {
    const wanting = wantingInVain(destination, mesh);
    const [first] = wanting;
    if (first && wanting.length < destination.workloads.length)
      report(lookup(mesh).mtls(first).origin, { service: destination.host });
  }
});
