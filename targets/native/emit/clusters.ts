import type { Placement } from "../../../lib/graph/placement.ts";
import { takesMtls } from "../../../lib/model/automatic-mtls.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Destination, DestinationPort, Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import { calledBy, calledOf } from "../cluster-name.ts";
import type { Cluster, ClusterName, Endpoint, Listener } from "../config.ts";

/** What listeners lead to, by name; what the mesh does not have is not there, and routes to it answer 503. */
export const clusters = (
  listeners: readonly Listener[],
  mesh: Mesh,
  placement: Placement,
): Readonly<Record<ClusterName, Cluster>> =>
  Object.fromEntries(
    calledBy(listeners).flatMap((name): readonly (readonly [ClusterName, Cluster])[] => {
      const { host, subset, port: number } = calledOf(name);
      const destination = lookup(mesh).destination(host);
      const port = destination?.ports.find((one) => one.number === number);
      if (destination === undefined || port === undefined) return [];
      const cluster =
        destination.kind === "external"
          ? external(destination, port)
          : inMesh(workloadsOf(destination, subset, mesh), port, mesh, placement);
      return [[name, cluster]];
    }),
  );

const workloadsOf = (destination: Destination, subset: string, mesh: Mesh): readonly MeshWorkload[] => {
  const ids =
    subset === "any"
      ? destination.workloads
      : (destination.subsets.find(({ name }) => name === subset)?.workloads ?? []);
  return ids.flatMap((id) => lookup(mesh).workload(id) ?? []);
};

const inMesh = (
  workloads: readonly MeshWorkload[],
  { target, tls }: DestinationPort,
  mesh: Mesh,
  placement: Placement,
): Cluster => ({
  resolve: "static",
  endpoints: workloads.flatMap((workload) =>
    (placement.instances[workload.id] ?? []).map(({ address, ports }): Endpoint => ({
      address,
      port: ports?.[target] ?? target,
      workload: workload.id,
      ...(tls.mode === "mesh" && takesMtls(mesh, workload) && { identity: workload.identity }),
    })),
  ),
});

const external = ({ host, resolution }: Destination, { target, tls }: DestinationPort): Cluster => {
  const addresses = Array.isArray(resolution) ? (resolution as readonly string[]) : undefined;
  return {
    resolve: addresses === undefined ? "dns" : "static",
    endpoints: (addresses ?? [host]).map((address) => ({ address, port: target })),
    ...(tls.mode === "originate" && { originate: { sni: tls.sni } }),
  };
};
