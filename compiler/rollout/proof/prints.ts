import type { WorkloadId } from "../../../lib/graph/graph.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Host, Mesh } from "../../../lib/model/mesh.ts";
import { Fingerprints } from "../../diff/exact/fingerprints.ts";
import { meshesOf, type View } from "./view.ts";

/** Where views may differ, by all that their meshes say of something. */
export interface Prints {
  readonly routed: (host: Host, port: number) => boolean;
  readonly forwarded: (host: Host) => boolean;
  readonly arrived: (workload: WorkloadId) => boolean;
  /** Of each view the number of a kind: in all of one, a call to a port of a destination fares alike, by its routes or past them. */
  readonly kinds: (host: Host, port: number) => readonly number[];
  /** The same for a call that has reached a workload. */
  readonly arrivals: (workload: WorkloadId) => readonly number[];
}

/** Of what was asked of any views; to be kept for the next. */
export interface KnownPrints {
  readonly of: Map<Mesh, Fingerprints>;
  readonly numbers: Map<string, number>;
}

export const printsOf = (views: readonly View[], { of: known, numbers }: KnownPrints): Prints => {
  const made = new Map(meshesOf(views).map((mesh) => [mesh, once(known, mesh, () => new Fingerprints(mesh))]));
  const all = [...made.values()];
  const differing = new Map<string, boolean>();
  const differs = (key: string, text: (of: Fingerprints) => string): boolean =>
    once(differing, key, () => new Set(all.map(text)).size > 1);
  const numbered = (text: string): number => once(numbers, text, () => numbers.size);

  const arriving = new Map(views.map(({ server }) => [server, new Map<WorkloadId, number>()]));
  const arrivedAt = (mesh: Mesh, id: WorkloadId): number =>
    once(arriving.get(mesh)!, id, () => numbered(made.get(mesh)!.arrived(id)));
  /** What callers' proxies make of a call is theirs to say; what becomes of it where it arrives, callees'. */
  const sentBy = (mesh: Mesh, host: Host, port: number) => {
    const { destination } = lookup(mesh);
    const routes = destination(host)?.ports.find(({ number }) => number === port)?.routes ?? [];
    const hosts = [host, ...routes.flatMap(({ backends }) => backends.map((backend) => backend.host))];
    return {
      print: numbered(made.get(mesh)!.routed(host, port)),
      workloads: [...new Set(hosts.flatMap((one) => destination(one)?.workloads ?? []))],
    };
  };
  const kinds = new Map<string, readonly number[]>();

  return {
    routed: (host, port) => differs(`routed ${host} ${port}`, (of) => of.routed(host, port)),
    forwarded: (host) => differs(`forwarded ${host}`, (of) => of.forwarded(host)),
    arrived: (workload) => differs(`arrived ${workload}`, (of) => of.arrived(workload)),
    arrivals: (id) => views.map(({ server }) => arrivedAt(server, id)),
    kinds: (host, port) =>
      once(kinds, `${host} ${port}`, () => {
        const sent = new Map(views.map(({ decided: { mesh } }) => [mesh, sentBy(mesh, host, port)]));
        return views.map(({ decided: { mesh }, server }) => {
          const { print, workloads } = sent.get(mesh)!;
          return numbered([print, ...workloads.map((id) => arrivedAt(server, id))].join());
        });
      }),
  };
};

const once = <K, V>(known: Map<K, V>, key: K, make: () => V): V => {
  const found = known.get(key);
  if (found !== undefined) return found;
  const value = make();
  known.set(key, value);
  return value;
};
