import { lookup } from "../../lib/model/lookup.ts";
import { law } from "./law.ts";

/**
 * Callers choose TLS for a service as a whole. Where its namespace does without and its workloads do not agree, either
 * choice breaks some of them (istio: automatic mTLS never asks a workload's own mode).
 */
export const callersCanTellWhoWantsMtls = law("MESH3011", ({ mesh }, report) => {
  const { workload, mtls } = lookup(mesh);
  const meshMode = mesh.mtls.find(({ selector }) => selector.kind === "mesh")?.mode;
  for (const { host, namespace, workloads } of mesh.destinations) {
    const inherited =
      mesh.mtls.find(({ selector }) => selector.kind === "namespace" && selector.namespace === namespace)?.mode ??
      meshMode;
    if (inherited !== "disabled") continue;
    const members = workloads.flatMap((id) => workload(id) ?? []);
    const wanting = members.filter((member) => member.proxy === "sidecar" && mtls(member).mode !== "disabled");
    const [first] = wanting;
    if (first && wanting.length < members.length) report(mtls(first).origin, { service: host });
  }
});
