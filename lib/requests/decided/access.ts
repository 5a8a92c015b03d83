import { carriesHttp } from "../../graph/protocol.ts";
import type { WorkloadId } from "../../graph/graph.ts";
import type { Host, MeshWorkload } from "../../model/mesh.ts";
import type { Diagram } from "../diagrams.ts";
import type { Space } from "../space.ts";
import type { Decided } from "./decided.ts";
import type { Effects } from "./meanings.ts";

/** Who gets through to a port of a destination, calling it as it is meant to be called. */
export interface Access {
  readonly host: Host;
  readonly port: number;
  /** Callers that fare alike together; those whose proxies do not know the destination are in none. */
  readonly groups: readonly {
    readonly callers: readonly WorkloadId[];
    /** Whether all, some or none of their requests are delivered; some: the set of those that are. */
    readonly delivered: "all" | "none" | Diagram;
  }[];
}

/** Who can call what, for every port of every destination: exact for every request. */
export const accesses = (decided: Decided, space: Space): readonly Access[] => {
  const { mesh, callers, decisions } = decided;
  const { diagrams } = space;
  // By port, whose proxies know which destinations: few know any one of them.
  const knowing = new Map<number, Map<Host, MeshWorkload[]>>();
  const callersOf = (host: Host, port: number, isHttp: boolean): readonly MeshWorkload[] => {
    let ofPort = knowing.get(port);
    if (ofPort === undefined) {
      knowing.set(port, (ofPort = new Map<Host, MeshWorkload[]>()));
      for (const workload of mesh.workloads) {
        const reach = callers.reach(workload.id, port);
        if (reach.kind === "direct") continue;
        for (const known of new Set([...reach.named.values(), ...reach.whole])) {
          const found = ofPort.get(known);
          if (found) found.push(workload);
          else ofPort.set(known, [workload]);
        }
      }
    }
    return (ofPort.get(host) ?? []).filter(({ id }) => {
      const reach = callers.reach(id, port);
      return reach.kind === "proxied" && (isHttp ? reach.named.get(host) === host : reach.whole.has(host));
    });
  };
  const delivered = new Map<Diagram<Effects>, "all" | "none" | Diagram>();
  const share = (diagram: Diagram<Effects>): "all" | "none" | Diagram => {
    const known = delivered.get(diagram);
    if (known !== undefined) return known;
    const set = diagrams.mapped(diagram, (meaning) =>
      meaning.every(({ ends }) => ends.every(({ outcome }) => outcome.kind === "delivered")),
    );
    const made = space.isEmpty(diagrams.not(set)) ? "all" : space.isEmpty(set) ? "none" : set;
    delivered.set(diagram, made);
    return made;
  };
  return mesh.destinations.flatMap(({ host, ports }) =>
    ports.map(({ number: port, protocol }): Access => {
      const isHttp = carriesHttp(protocol);
      const groups = new Map<Diagram<Effects>, WorkloadId[]>();
      for (const { id, identity } of callersOf(host, port, isHttp)) {
        const diagram = isHttp ? decisions.routed(identity, host, port) : decisions.whole(identity, host, port);
        const group = groups.get(diagram);
        if (group) group.push(id);
        else groups.set(diagram, [id]);
      }
      return { host, port, groups: [...groups].map(([diagram, ids]) => ({ callers: ids, delivered: share(diagram) })) };
    }),
  );
};
