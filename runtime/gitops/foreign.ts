import { nameOf, type KubernetesObject } from "../../targets/istio/object.ts";
import { ClusterError, refOf, type ClusterApi, type ClusterObject } from "./cluster/index.ts";
import { PassFailure } from "./failure.ts";

/** Where more than these are looked for, one list of a namespace costs less than a request for each. */
const fewest = 8;

/**
 * Those of these objects that are there, by name. Rejects with a `PassFailure` where the cluster has not all their kinds. Where many of
 * a kind are looked for in a namespace, its names are listed first: most commits add what is not there.
 */
export const foreignAmong = async (
  objects: readonly KubernetesObject[],
  api: Pick<ClusterApi, "get" | "list">,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ClusterObject>> => {
  const missing = new Set<string>();
  const places = Map.groupBy(objects, ({ apiVersion, kind, metadata: { namespace } }) =>
    [apiVersion, kind, namespace].join(" "),
  );
  const there = async (together: readonly KubernetesObject[]): Promise<readonly KubernetesObject[]> => {
    if (together.length <= fewest) return together;
    const [{ metadata, ...one }] = together as readonly [KubernetesObject];
    const { items } = await api.list(one, { namespace: metadata.namespace, metadataOnly: true, signal });
    const names = new Set(items.map((item) => item.metadata.name));
    return together.filter((object) => names.has(object.metadata.name));
  };
  const found = await Promise.all(
    [...places.values()].map(async (together): Promise<readonly (readonly [string, ClusterObject])[]> => {
      try {
        const looked = await Promise.all(
          (await there(together)).map(
            async (object) => [nameOf(object), await api.get(refOf(object), { signal })] as const,
          ),
        );
        return looked.flatMap(([name, live]) => (live === undefined ? [] : [[name, live] as const]));
      } catch (error) {
        if (!(error instanceof ClusterError) || error.kind !== "no-such-kind") throw error;
        for (const { kind, apiVersion } of together) missing.add(`${kind} (${apiVersion})`);
        return [];
      }
    }),
  );
  if (missing.size > 0)
    throw new PassFailure(
      "Planned",
      "Blocked",
      `the cluster has no ${[...missing].join(", ")}: install Istio's custom resource definitions; they are never created from here`,
    );
  return new Map(found.flat());
};
