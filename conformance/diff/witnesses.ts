import { witness, type Difference } from "../../compiler/diff/exact/differences.ts";
import { random } from "../../golden/random/random.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import type { Call } from "../../lib/model/call.ts";
import { decide } from "../../lib/model/decide/index.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { Laboratory } from "../laboratory/laboratory.ts";
import { observable } from "../laboratory/oracle/trials.ts";
import type { Pair } from "./pairs.ts";
import { evidenceFor, type Evidence } from "./sightings.ts";

/** By what a caller's call finds its way; witnesses are spread over all of them. */
export type LaneKind = "routed" | "by alias" | "whole" | "direct" | "unknown name";

export interface Witness {
  readonly call: Call;
  readonly lane: LaneKind;
  readonly shownBy: "one request" | "many requests";
}

/** Why a witness of a difference is not sent. */
export type LeftOut = Exclude<Evidence, Witness["shownBy"]> | Unshowable | "enough of its kind";

type Unshowable =
  /** In the rig nothing routes a service's own address: that is kube-proxy's, whom the graph says nothing of. */
  | "dials a service's address past every proxy"
  /** Which the kernel keeps inside the pod, past its proxy; `decide` asks the proxy (README). */
  | "dials its own pod"
  | "no server of the rig speaks that there";

export interface Choice {
  readonly chosen: readonly Witness[];
  readonly leftOut: ReadonlyMap<LeftOut, number>;
}

const mostPerPair = 25;
/** Each costs twice `requestsPerWitness`. */
const mostByManyPerPair = 3;

/** One after the other from every kind of lane and every caller, so that none crowds out the others. */
export const chosenWitnesses = (pair: Pair, lab: Pick<Laboratory, "pod">): Choice => {
  const leftOut = new Map<LeftOut, number>();
  const without = (why: LeftOut): void => void leftOut.set(why, (leftOut.get(why) ?? 0) + 1);
  const kinds = new Map<string, Witness[]>();
  for (const call of candidates(pair)) {
    const shown = unshowable(pair, call.call, lab) ?? evidenceFor(pair.before, pair.after, call.call);
    if (shown !== "one request" && shown !== "many requests") {
      without(shown);
      continue;
    }
    const key = `${call.lane} ${call.call.from}`;
    kinds.set(key, [...(kinds.get(key) ?? []), { ...call, shownBy: shown }]);
  }
  const choices = random(pair.seed);
  const queues = [...kinds.values()].map((all) =>
    all
      .map((one) => ({ one, at: choices.below(2 ** 30) }))
      .sort((a, b) => a.at - b.at)
      .map(({ one }) => one),
  );
  const longest = Math.max(0, ...queues.map(({ length }) => length));
  const chosen: Witness[] = [];
  let byMany = 0;
  for (const one of Array.from({ length: longest }, (_, index) => queues.flatMap((all) => all[index] ?? [])).flat()) {
    if (chosen.length >= mostPerPair || (one.shownBy === "many requests" && byMany >= mostByManyPerPair)) {
      without("enough of its kind");
      continue;
    }
    if (one.shownBy === "many requests") byMany += 1;
    chosen.push(one);
  }
  return { chosen, leftOut };
};

/** Whether one request may show that the two differ, as far as it can be known before anything runs. */
export const hasWitness = (pair: Pair): boolean =>
  candidates(pair).some(
    ({ call }) =>
      [pair.before, pair.after].every((mesh) => observable(mesh, call)) &&
      evidenceFor(pair.before, pair.after, call) === "one request",
  );

/** Why the rig cannot show what becomes of a call under both meshes; undefined where it can. */
export const unshowable = (
  { before, after }: Pair,
  call: Call,
  lab: Pick<Laboratory, "pod">,
): Unshowable | undefined => {
  const { from, to } = call;
  if (to.kind === "workload" && to.workload === from) return "dials its own pod";
  if ((from === "outside" && to.kind === "destination") || ![before, after].every((mesh) => observable(mesh, call)))
    return "dials a service's address past every proxy";
  return [before, after].every((mesh) => isServed(mesh, call, lab))
    ? undefined
    : "no server of the rig speaks that there";
};

/** One call of each difference from each of its callers, and where names are asked for one by each name. */
const candidates = (pair: Pair): readonly Omit<Witness, "shownBy">[] => {
  const { differences, space } = pair;
  const seen = new Set<string>();
  return differences.flatMap((difference) =>
    difference.callers.flatMap((caller) =>
      namings(difference).flatMap((hosts) => {
        if (space.isEmpty(difference.set, hosts)) return [];
        const call = plainWitness(witness({ ...difference, hosts }, space, caller), difference, pair);
        const key = JSON.stringify(call);
        if (seen.has(key)) return [];
        seen.add(key);
        return [{ call, lane: laneKind(difference, call, pair) }];
      }),
    ),
  );
};

const namings = ({ lane, hosts }: Difference): readonly Difference["hosts"][] =>
  lane.names.kind === "named" ? lane.names.names.map((name) => ({ only: [name] })) : [hosts];

/** Where connections are forwarded whole, bytes that are no request: the servers there answer nothing else. */
const plainWitness = (call: Call, { set }: Difference, { space, before, after }: Pair): Call =>
  isWhole(call, [before, after]) && space.has(set, "connection") ? { ...call, request: "connection" } : call;

const isWhole = ({ from, to, port }: Call, meshes: readonly Mesh[]): boolean =>
  to.kind === "destination" &&
  from !== "outside" &&
  meshes.some((mesh) =>
    lookup(mesh)
      .destination(to.host)
      ?.ports.some(({ number, protocol }) => number === port && !carriesHttp(protocol)),
  );

const laneKind = ({ lane: { names } }: Difference, call: Call, { before, after }: Pair): LaneKind => {
  if (isWhole(call, [before, after])) return "whole";
  if (names.kind === "named")
    return call.request !== "connection" && call.request.host !== names.host ? "by alias" : "routed";
  return names.kind === "any" || call.to.kind === "workload" ? "direct" : "unknown name";
};

/** A delivered call shows itself only where a server of the rig listens and speaks what it is sent. */
const isServed = (mesh: Mesh, call: Call, { pod }: Pick<Laboratory, "pod">): boolean =>
  decide({ client: mesh, server: mesh }, call).branches.every(({ ends }) =>
    ends.every(({ outcome, workloads }) => {
      if (outcome.kind !== "delivered") return true;
      if ((outcome.request === "connection") !== (call.request === "connection")) return false;
      const protocol = outcome.request === "connection" ? "tcp" : typeof outcome.tls === "object" ? "https" : "http";
      return (workloads.length > 0 ? workloads : ["outside"]).every((id) =>
        pod(id).spec.ports.some((port) => port.number === outcome.port && port.protocol === protocol),
      );
    }),
  );
