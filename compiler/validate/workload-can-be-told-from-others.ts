import { selects } from "../../lib/graph/graph.ts";
import { named } from "../../lib/graph/named.ts";
import type { MeshWorkload } from "../../lib/model/mesh.ts";
import { law } from "./law.ts";

/**
 * Scopes are laid on labels: where one scope's labels also pick a workload of another, one of the two would be ignored
 * (IST0110). So are gateways, and theirs are looked for in every namespace (Istio, `PILOT_SCOPE_GATEWAY_TO_NAMESPACE`).
 */
export const workloadCanBeToldFromOthers = law("MESH4054", ({ mesh, graph }, report) => {
  const place = (id: string) => ({ module: named(graph).workload(id)?.source ?? "graph/snapshot.json", path: [] });
  for (const { workload, labels } of mesh.gateways) {
    const other = mesh.workloads.find(
      (candidate) => candidate.id !== workload && candidate.proxy !== "none" && selects(labels, candidate.labels),
    );
    if (other) report(place(workload), { workload, other: other.id });
  }
  // A label that few workloads carry narrows the search; without this it is quadratic in a namespace.
  const carrying = new Map<string, MeshWorkload[]>();
  const carriers = (namespace: string, label: readonly [string, string]): string => `${namespace}/${label.join("=")}`;
  for (const workload of mesh.workloads) {
    if (workload.proxy !== "sidecar") continue;
    for (const label of Object.entries(workload.labels)) {
      const key = carriers(workload.namespace, label);
      const others = carrying.get(key);
      if (others) others.push(workload);
      else carrying.set(key, [workload]);
    }
  }
  for (const { selector } of mesh.scopes) {
    const candidates = Object.entries(selector.labels).map(
      (label) => carrying.get(carriers(selector.namespace, label)) ?? [],
    );
    const [fewest] = candidates.sort((a, b) => a.length - b.length);
    const other = fewest?.find(
      ({ id, labels }) => !selector.workloads.includes(id) && selects(selector.labels, labels),
    );
    const [first = ""] = selector.workloads;
    if (other) report(place(first), { workload: first, other: other.id });
  }
});
