import { idOf, selects, type Labels, type ServiceGraph } from "../../../lib/graph/graph.ts";
import type { KubernetesObject } from "../../../targets/istio/object.ts";
import type { Write } from "../change.ts";

/** What an object speaks of: two of one kind that share a topic can decide one call together. */
const topics = ({ kind, metadata, spec }: KubernetesObject, graph: ServiceGraph, root: string): readonly string[] => {
  const said = spec as {
    readonly host?: string;
    readonly hosts?: readonly string[];
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly workloadSelector?: { readonly labels?: Labels };
  };
  const selected = (labels: Labels = {}, namespace?: string): readonly string[] =>
    graph.workloads
      .filter((one) => (namespace === undefined || one.namespace === namespace) && selects(labels, one.labels))
      .map(idOf);
  const { namespace } = metadata;
  switch (kind) {
    case "DestinationRule":
      return [said.host ?? ""];
    case "VirtualService":
    case "ServiceEntry":
      return said.hosts ?? [];
    case "Gateway":
      return selected(said.selector);
    case "Sidecar":
      return selected(said.workloadSelector?.labels, namespace);
    case "PeerAuthentication":
    case "AuthorizationPolicy":
      return selected(said.selector?.matchLabels, namespace === root ? undefined : namespace);
    default:
      return ["everything"];
  }
};

/**
 * Writes in groups, so that of what decides one call no group has two: whatever mixture of them a proxy holds, for each call it is
 * as if it held some of the groups whole.
 */
export const independentGroups = (
  writes: readonly Write[],
  graph: ServiceGraph,
  rootNamespace: string,
): readonly (readonly Write[])[] => {
  const groups: { readonly kind: string; readonly topics: Set<string>; readonly writes: Write[] }[] = [];
  for (const write of writes) {
    const spoken = [write.before, write.after].flatMap((object) =>
      object === undefined ? [] : topics(object, graph, rootNamespace),
    );
    let group = groups.find(({ kind, topics: taken }) => kind === write.kind && !spoken.some((one) => taken.has(one)));
    if (group === undefined) groups.push((group = { kind: write.kind, topics: new Set(), writes: [] }));
    for (const one of spoken) group.topics.add(one);
    group.writes.push(write);
  }
  return groups.map((group) => group.writes);
};
