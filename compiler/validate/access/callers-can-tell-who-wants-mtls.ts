import { wantingInVain } from "../../../lib/model/automatic-mtls.ts";
import { mtlsLookup } from "../../../lib/model/lookup.ts";
import { lawOfEach } from "../law.ts";

/**
 * Callers choose TLS for a service as a whole. Where its namespace does without and its workloads do not agree, either
 * choice breaks some of them (istio: automatic mTLS never asks a workload's own mode).
 */
export const callersCanTellWhoWantsMtls = lawOfEach(
  "MESH3011",
  "destinations",
  ["platform", "workloads", "mtls"],
  (destination, mesh, report) => {
    const wanting = wantingInVain(destination, mesh);
    const [first] = wanting;
    if (first && wanting.length < destination.workloads.length)
      report(mtlsLookup(mesh.mtls).mtls(first).origin, { service: destination.host });
  },
);
