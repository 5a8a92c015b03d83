import { carriesHttp } from "../../lib/graph/protocol.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { Decided } from "../../lib/requests/decided/decided.ts";
import type { Change } from "./change.ts";
import { someDelivered, type Naming } from "./words/outcomes.ts";
import { fewListed } from "./words/requests.ts";

/**
 * Workloads that only the head has. The base knows nothing that they do, so they are compared with a caller that may do
 * nothing: whatever they reach with an identity of their own is opened.
 */
export const newcomerChanges = (before: Mesh, after: Decided, names: Naming): readonly Change[] =>
  after.mesh.workloads.flatMap(({ id, identity, proxy }): readonly Change[] => {
    if (lookup(before).workload(id) !== undefined) return [];
    const reached = proxy === "sidecar" ? reachedBy(id, identity, after).map(names.place) : [];
    const said = fewListed(reached);
    return [
      {
        kind: "graph",
        subject: id,
        title: `a workload that appears${proxy === "none" ? ", without a proxy" : ""}${reached.length === 0 ? "" : `, as ${identity}: it may call ${said}`}`,
        risks: [
          ...(reached.length > 0 ? (["opens-access"] as const) : []),
          ...(proxy === "none" ? (["weakens-mtls"] as const) : []),
        ],
        sets: [],
        before: "",
        after: reached.length === 0 ? "" : `may call ${said}`,
        causes: [],
      },
    ];
  });

/** The destinations that deliver some of a caller's requests. */
const reachedBy = (id: string, identity: string, { mesh, callers, decisions, happens }: Decided): readonly string[] =>
  mesh.destinations.flatMap(({ host, ports }) =>
    ports.some(({ number, protocol }) => {
      const reach = callers.reach(id, number);
      if (reach.kind === "direct") return false;
      if (carriesHttp(protocol))
        return reach.named.get(host) === host && happens(decisions.routed(identity, host, number), someDelivered);
      return reach.whole.has(host) && happens(decisions.whole(identity, host, number), someDelivered);
    })
      ? [host]
      : [],
  );
