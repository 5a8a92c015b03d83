import type { WorkloadId } from "../../../lib/graph/graph.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import type { LanePort } from "./lane.ts";

/** The ports of a workload of which anything is said, and all others. */
export const workloadPorts = (id: WorkloadId, ...meshes: readonly Mesh[]): readonly LanePort[] => {
  const said = new Set<number>();
  for (const mesh of meshes) {
    // Whose proxy leaves a port alone goes straight to it.
    for (const { excludedPorts } of mesh.workloads) for (const number of excludedPorts.outbound) said.add(number);
    const { workload, authorizations, gateway } = lookup(mesh);
    const found = workload(id);
    if (found === undefined) continue;
    for (const { number } of found.ports) said.add(number);
    for (const number of found.excludedPorts.inbound) said.add(number);
    for (const { target } of gateway(id)?.listeners ?? []) said.add(target);
    for (const { rules } of authorizations(found))
      for (const { ports } of rules) if (ports !== "any") for (const number of ports) said.add(number);
  }
  return andOthers(said);
};

/** The ports of destinations, those that some proxy leaves alone, and all others. */
export const calledPorts = (...meshes: readonly Mesh[]): readonly LanePort[] =>
  andOthers(
    new Set(
      meshes.flatMap(({ destinations, workloads }) => [
        ...destinations.flatMap(({ ports }) => ports.map(({ number }) => number)),
        ...workloads.flatMap(({ excludedPorts }) => excludedPorts.outbound),
      ]),
    ),
  );

const andOthers = (ports: ReadonlySet<number>): readonly LanePort[] => {
  const otherThan = [...ports].sort((a, b) => a - b);
  let sample = 40_000;
  while (ports.has(sample)) sample += 1;
  return [...otherThan, { otherThan, sample }];
};
