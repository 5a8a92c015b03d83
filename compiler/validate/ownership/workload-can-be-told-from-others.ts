import { selects } from "../../../lib/graph/graph.ts";
import { named } from "../../../lib/graph/named.ts";
import { picker } from "../../../lib/graph/picked.ts";
import { law } from "../law.ts";

/**
 * Scopes are laid on labels: where one scope's labels also pick a workload of another, one of the two would be ignored
 * (IST0110). So are gateways, and theirs are looked for in every namespace (Istio, `PILOT_SCOPE_GATEWAY_TO_NAMESPACE`).
 */
export const workloadCanBeToldFromOthers = law(
  "MESH4054",
  ["graph", "platform", "workloads", "gateways", "mtls", "authorizations", "scopes"],
  (given, report) => {
    const { graph, platform, workloads, gateways, mtls, authorizations, scopes } = given;
    const place = (id: string) => ({ module: named(graph).workload(id)?.source ?? "graph/snapshot.json", path: [] });
    for (const { workload, labels } of gateways) {
      const other = workloads.find(
        (candidate) => candidate.id !== workload && candidate.proxy !== "none" && selects(labels, candidate.labels),
      );
      if (other) report(place(workload), { workload, other: other.id });
    }
    // A rule that lies where the control plane does is laid on these labels in every namespace.
    const everywhere = [...mtls, ...authorizations].flatMap(({ selector, origin }) =>
      selector.kind === "workloads" && selector.namespace === platform.rootNamespace ? [{ selector, origin }] : [],
    );
    for (const { selector, origin } of everywhere) {
      const other = workloads.find(
        ({ id, labels }) => !selector.workloads.includes(id) && selects(selector.labels, labels),
      );
      if (other) report(origin, { workload: selector.workloads[0] ?? selector.name, other: other.id });
    }
    const picked = picker(workloads.filter(({ proxy }) => proxy === "sidecar"));
    for (const { selector } of scopes) {
      const other = picked(selector.namespace, selector.labels).find(({ id }) => !selector.workloads.includes(id));
      const [first = ""] = selector.workloads;
      if (other) report(place(first), { workload: first, other: other.id });
    }
  },
);
