import { selects, type Labels, idOf } from "../../../lib/graph/graph.ts";
import type { Selector } from "../../../lib/model/mesh.ts";
import type { KubernetesObject } from "../object.ts";
import { entries, text, type Node, type Reading } from "./reading.ts";

export const labelsOf = (node: Node | undefined): Labels =>
  Object.fromEntries(entries(node).map(([key, value]) => [key, text(value)]));

/** Of which workloads an object speaks: by labels in its namespace, or of all there, or, in the root namespace, of all. */
export const selectorOf = (
  object: KubernetesObject,
  matchLabels: Node | undefined,
  { graph, platform }: Reading,
): Selector => {
  const { namespace, name } = object.metadata;
  if (matchLabels === undefined)
    return namespace === platform.rootNamespace ? { kind: "mesh" } : { kind: "namespace", namespace };
  const labels = labelsOf(matchLabels);
  const workloads = graph.workloads
    .filter(
      (workload) =>
        (workload.namespace === namespace || namespace === platform.rootNamespace) && selects(labels, workload.labels),
    )
    .map(idOf);
  return { kind: "workloads", namespace, labels, workloads, name };
};
