import type { Placement } from "../graph/placement.ts";
import { lookup } from "./lookup.ts";
import type { Destination, Host, Mesh, MeshWorkload } from "./mesh.ts";

/** What a proxy's own application can call, and under which names and addresses: one word for every target that tells proxies. */

/** What a sidecar's application can call by name, in the mesh's order. */
export const destinationsInScope = ({
  mesh,
  workload,
}: {
  readonly mesh: Mesh;
  readonly workload: MeshWorkload;
}): readonly Destination[] => {
  const { scope, destination } = lookup(mesh);
  const known = scope(workload.id);
  return known === undefined ? mesh.destinations : known.hosts.flatMap((host) => destination(host) ?? []);
};

/** What callers in a namespace call it by, as `decide` compares what a call names. */
export const namesOf = ({ host, aliases, namespace }: Destination, from: string): readonly Host[] => [
  host,
  ...aliases.anywhere,
  ...(namespace === from ? aliases.sameNamespace : []),
];

/** The virtual addresses of a service, if the placement knows any. */
export const addressesOf = ({ host, namespace, kind }: Destination, { addresses }: Placement): readonly string[] =>
  kind === "external" ? [] : (addresses[`${namespace}/${host.split(".")[0]}`] ?? []);

/** Where callers dial it: its own addresses; without any, those of its copies, as callers of a headless service dial them. */
export const dialledAddresses = (destination: Destination, placement: Placement): readonly string[] => {
  const virtual = addressesOf(destination, placement);
  return virtual.length > 0
    ? virtual
    : destination.workloads.flatMap((id) => (placement.instances[id] ?? []).map(({ address }) => address));
};

/** `reviews.shop:9080`, as `LoopbackPorts.services` names one service's port. */
export const shortName = ({
  host,
  namespace,
  kind,
}: {
  readonly host: Host;
  readonly namespace: string;
  readonly kind: string;
}): string => (kind === "external" ? host : `${host.split(".")[0]}.${namespace}`);
