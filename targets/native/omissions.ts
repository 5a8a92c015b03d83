import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import type { WorkloadId } from "../../lib/graph/graph.ts";
import type { Placement } from "../../lib/graph/placement.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import { addressesOf } from "../../lib/model/callable.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Destination, Host, Mesh } from "../../lib/model/mesh.ts";
import type { Route } from "../../lib/model/route.ts";

/** What proxies are not told, because nobody says where it is; and what they are told of and do not read. */
export const omissions = (mesh: Mesh, placement: Placement): readonly Diagnostic[] => {
  const isPlaced = (id: WorkloadId): boolean => (placement.instances[id] ?? []).length > 0;
  const proxied = mesh.workloads.filter(({ proxy }) => proxy !== "none").map(({ id }) => id);
  if (!proxied.some(isPlaced))
    return proxied.length === 0
      ? []
      : [diagnostic("MESH5007", { what: "anything", effect: "no proxy is told anything" })];
  const known = called(mesh, isPlaced).flatMap((host) => lookup(mesh).destination(host) ?? []);
  const nowhere = known.filter(({ kind, workloads }) => kind !== "external" && !workloads.some(isPlaced));
  const explained = new Set(nowhere.flatMap(({ workloads }) => workloads));
  return [
    ...nowhere.map(({ host, origin }) =>
      diagnostic("MESH5007", { what: host, effect: "whoever calls it is answered 503" }, { place: { origin } }),
    ),
    ...proxied
      .filter((id) => !isPlaced(id) && !explained.has(id))
      .map((id) => diagnostic("MESH5007", { what: id, effect: "its proxy is told nothing" })),
    ...known.flatMap((destination) => [...unaddressed(destination, placement), ...unread(destination)]),
  ];
};

/** What is in some placed proxy's scope, or behind a placed gateway, sorted. */
const called = ({ scopes, gateways }: Mesh, isPlaced: (id: WorkloadId) => boolean): readonly Host[] => {
  const inScope = scopes.flatMap(({ selector, hosts }) => (selector.workloads.some(isPlaced) ? hosts : []));
  const behind = gateways.flatMap(({ workload, listeners }) =>
    isPlaced(workload)
      ? listeners.flatMap(({ virtualHosts }) => virtualHosts.flatMap((one) => one.routes.flatMap(backendHosts)))
      : [],
  );
  return [...new Set([...inScope, ...behind])].sort();
};

const backendHosts = ({ backends }: Route): readonly Host[] => backends.map(({ host }) => host);

/** Captured callers are known by what they dial; without an address of its own a service is dialled at its copies. */
const unaddressed = (destination: Destination, placement: Placement): readonly Diagnostic[] => {
  const { host, kind, ports, workloads, origin } = destination;
  const opaque = ports.find(({ protocol }) => !carriesHttp(protocol));
  const copies = workloads.flatMap((id) => placement.instances[id] ?? []);
  const isCaptured = copies.length > 0 && copies.every(({ loopback }) => loopback === undefined);
  // Headless ones are dialled at their instances.
  if (kind !== "cluster" || opaque === undefined || !isCaptured || addressesOf(destination, placement).length > 0)
    return [];
  return [
    diagnostic(
      "MESH5007",
      {
        what: `the service ${host}`,
        effect: `calls to its port ${opaque.number} are known by instances' addresses alone`,
      },
      { place: { origin } },
    ),
  ];
};

const unread = ({ host, ports, origin }: Destination): readonly Diagnostic[] =>
  ports.flatMap(({ number, protocol }) =>
    protocol === "http2" || protocol === "grpc"
      ? [diagnostic("MESH5009", { host, port: number, protocol }, { place: { origin } })]
      : [],
  );
