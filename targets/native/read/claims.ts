import type { WorkloadId } from "../../../lib/graph/graph.ts";
import type { ClientTls, Destination, Host, MeshWorkload } from "../../../lib/model/mesh.ts";
import type { Claim } from "./proxy.ts";
import { below, settled, unreadable, type Place, type Reading } from "./reading.ts";

/** How some caller's proxy reaches one workload behind a destination's port. */
export interface Way {
  readonly host: Host;
  readonly port: number;
  readonly takesMtls: boolean;
  readonly isMutual: boolean;
  readonly place: Place;
}

/** What a cluster's name claims, held against where workloads run and who they are. */
export const checkedClaim = (
  { host, port: number, subset, cluster, place }: Claim,
  { ports, workloads, subsets }: Destination,
  workload: (id: WorkloadId) => MeshWorkload | undefined,
  takesMtls: (id: WorkloadId) => boolean,
  reading: Reading,
): readonly Way[] => {
  const port = ports.find((one) => one.number === number);
  if (port === undefined || cluster.resolve !== "static" || cluster.originate !== undefined) {
    unreadable(place, reading);
    return [];
  }
  const ids = subset === "any" ? workloads : (subsets.find(({ name }) => name === subset)?.workloads ?? []);
  const placed = new Map<string, WorkloadId>(
    ids.flatMap((id) =>
      (reading.placement.instances[id] ?? []).map(
        (copy) => [`${copy.address} ${copy.ports?.[port.target] ?? port.target}`, id] as const,
      ),
    ),
  );
  const ways = cluster.endpoints.flatMap((endpoint, index): readonly Way[] => {
    const at = below(place, "endpoints", index);
    const key = `${endpoint.address} ${endpoint.port}`;
    const id = placed.get(key);
    placed.delete(key);
    const isItself = endpoint.identity === undefined || endpoint.identity === workload(id ?? "")?.identity;
    if (id === undefined || endpoint.workload !== id || !isItself) {
      unreadable(at, reading);
      return [];
    }
    const isMutual = endpoint.identity !== undefined;
    return [{ host, port: number, takesMtls: takesMtls(id), isMutual, place: at }];
  });
  // A copy that is not called.
  settled(placed.size === 0, below(place, "endpoints"), reading);
  return ways;
};

/** `mesh`: with mTLS exactly those workloads that take it. */
export const portTls = (host: Host, port: number, all: readonly Way[], reading: Reading): ClientTls => {
  const ways = all.filter((way) => way.host === host && way.port === port);
  const others = ways.filter(({ isMutual, takesMtls }) => isMutual !== takesMtls);
  if (others.length === 0) return { mode: "mesh" };
  if (ways.some(({ isMutual }) => isMutual)) for (const { place } of others) unreadable(place, reading);
  return { mode: "plain" };
};
