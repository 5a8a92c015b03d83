import { selects } from "../../lib/graph/graph.ts";
import { named } from "../../lib/graph/named.ts";
import type { Scope } from "../../lib/model/mesh.ts";
import { law } from "./law.ts";

/** Scopes are laid on labels: where one workload's labels also pick another, one of the two scopes would be ignored. */
export const workloadCanBeToldFromOthers = law("MESH4054", ({ mesh, graph }, report) => {
  const byNamespace = new Map<string, Scope[]>();
  for (const scope of mesh.scopes) byNamespace.set(scope.namespace, [...(byNamespace.get(scope.namespace) ?? []), scope]);
  for (const scopes of byNamespace.values()) {
    // A label that few others share narrows the search; without this it is quadratic in a namespace.
    const byLabel = new Map<string, Scope[]>();
    for (const scope of scopes) for (const [key, value] of Object.entries(scope.labels)) byLabel.set(`${key}=${value}`, [...(byLabel.get(`${key}=${value}`) ?? []), scope]);
    for (const scope of scopes) {
      const candidates = Object.entries(scope.labels).map(([key, value]) => byLabel.get(`${key}=${value}`) ?? []);
      const fewest = candidates.sort((a, b) => a.length - b.length)[0] ?? scopes;
      const other = fewest.find((candidate) => candidate.workload !== scope.workload && selects(scope.labels, candidate.labels) && candidate.hosts.join() !== scope.hosts.join());
      const source = named(graph).workload(scope.workload)?.source ?? "graph/snapshot.json";
      if (other) report({ module: source, path: [] }, { workload: scope.workload, other: other.workload });
    }
  }
});
