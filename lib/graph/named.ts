import { idOf, type Service, type ServiceGraph, type ServiceId, type Workload, type WorkloadId } from "./graph.ts";
import { once } from "./once.ts";

/** A graph by its names; made once for each graph, since graphs are immutable. */
export interface Named {
  readonly service: (id: ServiceId) => Service | undefined;
  readonly workload: (id: WorkloadId) => Workload | undefined;
  /** The services whose selector picks the workload. */
  readonly servicesOf: (id: WorkloadId) => readonly Service[];
}

export const named = once((graph: ServiceGraph): Named => {
  const services = new Map(graph.services.map((service) => [idOf(service), service]));
  const workloads = new Map(graph.workloads.map((workload) => [idOf(workload), workload]));
  const servicesByWorkload = new Map<WorkloadId, Service[]>();
  for (const service of graph.services) {
    for (const id of service.workloads) {
      const others = servicesByWorkload.get(id);
      if (others) others.push(service);
      else servicesByWorkload.set(id, [service]);
    }
  }
  return {
    service: (id) => services.get(id),
    workload: (id) => workloads.get(id),
    servicesOf: (id) => servicesByWorkload.get(id) ?? [],
  };
});
