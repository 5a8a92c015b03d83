import { carriesHttp } from "../../../lib/graph/protocol.ts";
import type { WorkloadId } from "../../../lib/graph/graph.ts";
import type { ClientTls, Destination, DestinationPort, Host, MeshWorkload } from "../../../lib/model/mesh.ts";
import type { Claim } from "./proxy.ts";
import { unreadable, type Node, type Reading } from "./reading.ts";
import type { Socket } from "./tls.ts";

/** How some caller's proxy reaches one workload behind a destination's port. */
export interface Way {
  readonly host: Host;
  readonly port: number;
  readonly takesMtls: boolean;
  readonly socket: Socket;
  readonly node: Node;
}

/** What a cluster's name claims, held against where workloads run and what they take. */
export const checkedClaim = (
  { host, port: number, subset, upstream }: Claim,
  destination: Destination,
  workload: (id: WorkloadId) => MeshWorkload | undefined,
  takesMtls: (id: WorkloadId) => boolean,
  reading: Reading,
): readonly Way[] => {
  const port = destination.ports.find((one) => one.number === number);
  const ids =
    subset === "any" ? destination.workloads : destination.subsets.find(({ name }) => name === subset)?.workloads;
  if (port === undefined || ids === undefined || !speaks(port, upstream.speaks)) {
    unreadable(upstream.node, reading);
    return [];
  }
  // What stands behind a service without a selector is in no graph.
  if (destination.kind === "unselected") {
    for (const { socket, port: target, node } of upstream.endpoints)
      if (socket.kind !== "plain" || target !== port.target) unreadable(node, reading);
    return [];
  }
  if (upstream.kind !== "endpoints" || upstream.source !== undefined) unreadable(upstream.node, reading);
  const placed = new Map<string, WorkloadId>(
    ids.flatMap((id) =>
      (reading.placement.instances[id] ?? []).map(
        ({ address, ports }) => [`${address} ${ports?.[port.target] ?? port.target}`, id] as const,
      ),
    ),
  );
  const left = new Set(placed.keys());
  const ways = upstream.endpoints.flatMap((endpoint): readonly Way[] => {
    const at = `${endpoint.address} ${endpoint.port}`;
    const id = placed.get(at);
    if (id === undefined || !left.delete(at) || (endpoint.workload ?? id) !== id) {
      unreadable(endpoint.node, reading);
      return [];
    }
    return [{ host, port: number, takesMtls: takesMtls(id), socket: endpoint.socket, node: endpoint.node }];
  });
  if (left.size > 0) unreadable(upstream.node, reading);
  peersAre(ids, { destination, upstream, workload, takesMtls }, reading);
  const unplaced = ids
    .filter((id) => (reading.placement.instances[id] ?? []).length === 0 && takesMtls(id))
    .map((): Way => ({ host, port: number, takesMtls: true, socket: upstream.wary, node: upstream.node }));
  return [...ways, ...unplaced];
};

const speaks = ({ protocol }: DestinationPort, spoken: Claim["upstream"]["speaks"]): boolean => {
  if (!carriesHttp(protocol)) return spoken === "any";
  return protocol === "http" ? spoken === "any" || spoken === "http1" : spoken === "http2";
};

/**
 * Reports sockets that take another one for a workload: all who are called with mTLS must be named, and nobody who is not
 * behind the destination (Istio names everybody behind a service in each of its subsets' clusters).
 */
const peersAre = (
  ids: readonly WorkloadId[],
  {
    destination,
    upstream,
    workload,
    takesMtls,
  }: {
    readonly destination: Destination;
    readonly upstream: Claim["upstream"];
    readonly workload: (id: WorkloadId) => MeshWorkload | undefined;
    readonly takesMtls: (id: WorkloadId) => boolean;
  },
  reading: Reading,
): void => {
  const identities = (of: readonly WorkloadId[]): readonly string[] => of.flatMap((id) => workload(id)?.identity ?? []);
  const must = identities(ids.filter(takesMtls));
  const may = withAliases(identities(destination.workloads), reading);
  const told = new Map(
    upstream.endpoints.flatMap(({ socket }) => (socket.kind === "mutual" ? [[socket.node.at, socket] as const] : [])),
  );
  for (const { peers, node } of told.values())
    if (must.some((one) => !peers.includes(one)) || peers.some((one) => !may.includes(one))) unreadable(node, reading);
};

const withAliases = (identities: readonly string[], { platform }: Reading): readonly string[] => {
  const { trustDomain, trustDomainAliases } = platform;
  const own = `spiffe://${trustDomain}/`;
  return [
    ...identities,
    ...trustDomainAliases.flatMap((alias) => identities.map((one) => one.replace(own, `spiffe://${alias}/`))),
  ];
};

/** `mesh`: with mTLS exactly those workloads that take it. */
export const portTls = (host: Host, port: number, all: readonly Way[], reading: Reading): ClientTls => {
  const ways = all.filter((way) => way.host === host && way.port === port);
  if (ways.every(({ socket, takesMtls }) => (socket.kind === "mutual") === takesMtls && isOfMesh(socket)))
    return { mode: "mesh" };
  if (!ways.every(({ socket }) => socket.kind === "plain"))
    for (const { node, socket, takesMtls } of ways)
      if ((socket.kind === "mutual") !== takesMtls || !isOfMesh(socket)) unreadable(node, reading);
  return { mode: "plain" };
};

const isOfMesh = ({ kind }: Socket): boolean => kind === "mutual" || kind === "plain";
