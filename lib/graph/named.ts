import { idOf, type Service, type ServiceGraph, type ServiceId, type Workload, type WorkloadId } from "./graph.ts";

/** A graph by its names; made once for each graph, since graphs are immutable. */
export interface Named {
  readonly service: (id: ServiceId) => Service | undefined;
  readonly workload: (id: WorkloadId) => Workload | undefined;
  /** The services whose selector picks the workload. */
  readonly servicesOf: (id: WorkloadId) => readonly Service[];
}

const known = new WeakMap<ServiceGraph, Named>();

export const named = (graph: ServiceGraph): Named => {
  const found = known.get(graph) ?? made(graph);
  known.set(graph, found);
  return found;
};

const made = (graph: ServiceGraph): Named => {
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
};
