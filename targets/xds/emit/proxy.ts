import type { Instance, Placement } from "../../../lib/graph/placement.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Made } from "./made.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Destination, Host, Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";

/** One proxy, about to be told what to do. */
export interface Proxy {
  readonly mesh: Mesh;
  readonly workload: MeshWorkload;
  /** Undefined where nobody knows where it runs: it is told what any copy with captured connections is told. */
  readonly instance: Instance | undefined;
  readonly surroundings: Surroundings;
  readonly made: Made;
}

/** What is the same for every copy of it is made once; copies with ports of their own are few. */
export const once = <T>({ instance, made }: Proxy, of: object, key: string, make: () => T): T =>
  instance?.loopback === undefined ? made.once(of, key, make) : make();

/** What a sidecar's application can call by name, in the mesh's order. */
export const destinationsInScope = ({ mesh, workload }: Proxy): readonly Destination[] => {
  const { scope, destination } = lookup(mesh);
  const known = scope(workload.id);
  return known === undefined ? mesh.destinations : known.hosts.flatMap((host) => destination(host) ?? []);
};

/** Whether a call to the workload comes with mTLS, as `decide` has it: both sides have a proxy, and it is not disabled. */
export const takesMtls = (mesh: Mesh, workload: MeshWorkload | undefined): boolean =>
  mesh.platform.autoMtls && workload?.proxy === "sidecar" && lookup(mesh).mtls(workload).mode !== "disabled";

/** The virtual addresses of a service, if the placement knows any. */
export const addressesOf = ({ host, namespace, kind }: Destination, { addresses }: Placement): readonly string[] =>
  kind === "external" ? [] : (addresses[`${namespace}/${host.split(".")[0]}`] ?? []);

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
