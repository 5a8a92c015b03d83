import { isDeepStrictEqual } from "node:util";
import { idOf, type ServiceGraph, type Workload } from "../../lib/graph/graph.ts";
import type { Rig } from "../rig/rig.ts";
import type { Workload as RunningPod, WorkloadSpec } from "../rig/workload.ts";

/** One pod for each workload of a graph; those of the graph before stay where they fit. */
export interface Pods {
  /** Stops those that this graph has no place for. */
  readonly withdraw: (graph: ServiceGraph) => Promise<void>;
  /** Starts those that this graph wants and that do not run yet. */
  readonly complete: (graph: ServiceGraph) => Promise<void>;
  /** By `namespace/workload`. */
  readonly get: (id: string) => RunningPod | undefined;
}

export const pods = (rig: Pick<Rig, "startWorkload">): Pods => {
  const running = new Map<string, RunningPod>();
  return {
    async withdraw(graph) {
      const wanted = specs(graph);
      const surplus = [...running].filter(([id, { spec }]) => !isDeepStrictEqual(spec, wanted.get(id)));
      for (const [id] of surplus) running.delete(id);
      await Promise.all(surplus.map(([, pod]) => pod.stop()));
    },
    async complete(graph) {
      const missing = [...specs(graph)].filter(([id]) => !running.has(id));
      const started = await Promise.all(
        missing.map(async ([id, spec]) => [id, await rig.startWorkload(spec)] as const),
      );
      for (const [id, pod] of started) running.set(id, pod);
    },
    get: (id) => running.get(id),
  };
};

const specs = (graph: ServiceGraph): ReadonlyMap<string, WorkloadSpec> =>
  new Map(graph.workloads.map((workload) => [idOf(workload), specOf(workload, graph)]));

const specOf = (workload: Workload, graph: ServiceGraph): WorkloadSpec => {
  const served = new Map<number, "http" | "tcp">();
  for (const service of graph.services) {
    if (!service.workloads.includes(idOf(workload))) continue;
    for (const port of service.ports) served.set(Number(port.target), port.protocol === "tcp" ? "tcp" : "http");
  }
  // Random meshes move target ports about; a pod serves all of them, so that it can stay from one mesh to the next.
  if ([...served.values()].includes("http")) {
    for (const number of [8080, 8081, 8082]) served.set(number, "http");
    if (workload.proxy !== "gateway") served.set(9100, "tcp");
  }
  return {
    name: workload.name,
    namespace: workload.namespace,
    labels: workload.labels,
    serviceAccount: workload.serviceAccount,
    ports: [...served].map(([number, protocol]) => ({ number, protocol })).sort((a, b) => a.number - b.number),
    kind: workload.proxy,
  };
};
