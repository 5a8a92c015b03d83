import { carriesHttp } from "../../lib/graph/protocol.ts";
import type { WorkloadId } from "../../lib/graph/graph.ts";
import type { Destination, MeshWorkload } from "../../lib/model/mesh.ts";
import { once } from "../../lib/graph/once.ts";

/** A port of a workload to which services lead, and what arrives there. */
export interface ArrivalPort {
  readonly port: number;
  readonly protocol: "http" | "tcp";
}

/**
 * The ports of a workload that its proxy takes, sorted: those of which services say what arrives, and those to which they
 * lead without saying it, which are forwarded whole. Ports that its proxy leaves alone are the application's own.
 */
export const arrivalPorts = (
  { id, ports, excludedPorts }: MeshWorkload,
  destinations: readonly Destination[],
): readonly ArrivalPort[] => {
  const targets = targetsByWorkload(destinations);
  const said = new Map(ports.map(({ number, protocol }) => [number, protocol]));
  return [...new Set([...said.keys(), ...(targets.get(id) ?? [])])]
    .filter((port) => !excludedPorts.inbound.includes(port))
    .sort((a, b) => a - b)
    .map((port) => ({ port, protocol: carriesHttp(said.get(port) ?? "undeclared") ? "http" : "tcp" }));
};

const targetsByWorkload = once((destinations: readonly Destination[]): ReadonlyMap<WorkloadId, readonly number[]> => {
  const targets = new Map<WorkloadId, number[]>();
  for (const { workloads, ports } of destinations)
    for (const id of workloads) targets.set(id, [...(targets.get(id) ?? []), ...ports.map(({ target }) => target)]);
  return targets;
});
