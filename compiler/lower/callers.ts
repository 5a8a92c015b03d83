import { idOf, type ServiceGraph, type WorkloadId } from "../../lib/graph/graph.ts";
import { named } from "../../lib/graph/named.ts";
import type { Caller, Grant } from "../../lib/intent/index.ts";

/** A caller that is something in the graph. */
export type NamedCaller = Exclude<Caller, string>;

type Path = readonly (string | number)[];

/** The callers of a grant, each with its path in the grant. */
export const callersOf = ({ from }: Grant): readonly { readonly caller: Caller; readonly path: Path }[] =>
  Array.isArray(from)
    ? (from as readonly Caller[]).map((caller, index) => ({ caller, path: ["from", index] }))
    : [{ caller: from as Caller, path: ["from"] }];

/** Whether a caller is named one by one: not as everybody, and not as a whole namespace. */
export const isNamedAlone = (caller: Caller): caller is NamedCaller =>
  typeof caller !== "string" && caller.$kind !== "namespace";

/** The workloads that a caller means; none where the graph does not have it. */
export const workloadsMeant = (caller: NamedCaller, graph: ServiceGraph): readonly WorkloadId[] => {
  const { service, workload } = named(graph);
  switch (caller.$kind) {
    case "namespace":
      return graph.workloads.filter(({ namespace }) => namespace === caller.$id).map(idOf);
    case "workload":
    case "gateway":
      return workload(caller.$id) ? [caller.$id] : [];
    case "subset":
      return service(caller.$service)?.subsets.find(({ name }) => name === caller.$subset)?.workloads ?? [];
    case "service":
    case "tcp-service":
      return service(caller.$id)?.workloads ?? [];
  }
};
