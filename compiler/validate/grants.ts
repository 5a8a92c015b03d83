import type { ServiceGraph, WorkloadId } from "../../lib/graph/graph.ts";
import { idOf } from "../../lib/graph/graph.ts";
import { named } from "../../lib/graph/named.ts";
import type { Caller, Grant, ServicePolicy } from "../../lib/intent/index.ts";

type Path = readonly (string | number)[];

/** Every grant and refusal of a policy, with its path in the policy's intent. */
export const grants = ({ allow, deny }: ServicePolicy): readonly { readonly grant: Grant; readonly path: Path }[] => [
  ...(deny ?? []).map((grant, index) => ({ grant, path: ["deny", index] })),
  ...(allow === undefined || typeof allow === "string"
    ? []
    : allow.map((grant, index) => ({ grant, path: ["allow", index] }))),
];

/** The callers that a grant names one by one, with the workloads that each means. */
export const namedCallers = ({
  from,
}: Grant): readonly {
  readonly caller: { readonly id: string; readonly workloads: (graph: ServiceGraph) => readonly WorkloadId[] };
  readonly path: Path;
}[] => {
  const callers: readonly (readonly [Caller, Path])[] = Array.isArray(from)
    ? (from as readonly Caller[]).map((caller, index) => [caller, ["from", index]] as const)
    : [[from as Caller, ["from"]]];
  return callers.flatMap(([caller, path]) => {
    if (typeof caller === "string" || caller.$kind === "namespace") return [];
    const id = caller.$kind === "subset" ? caller.$service : caller.$id;
    return [{ caller: { id, workloads: (graph: ServiceGraph) => meantBy(caller, graph) }, path }];
  });
};

const meantBy = (caller: Exclude<Caller, string>, graph: ServiceGraph): readonly WorkloadId[] => {
  switch (caller.$kind) {
    case "namespace":
      return graph.workloads.filter(({ namespace }) => namespace === caller.$id).map(idOf);
    case "workload":
    case "gateway":
      return [caller.$id];
    case "subset":
      return (
        named(graph)
          .service(caller.$service)
          ?.subsets.find(({ name }) => name === caller.$subset)?.workloads ?? []
      );
    case "service":
    case "tcp-service":
      return named(graph).service(caller.$id)?.workloads ?? [];
  }
};
