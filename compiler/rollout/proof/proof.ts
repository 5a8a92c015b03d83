import type { Call } from "../../../lib/model/call.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import { Decided } from "../../../lib/requests/decided/decided.ts";
import type { Effects } from "../../../lib/requests/decided/meanings.ts";
import { Diagrams, type Diagram } from "../../../lib/requests/diagrams.ts";
import { Space } from "../../../lib/requests/space.ts";
import { anyHost } from "../../../lib/requests/string-regions.ts";
import { witness } from "../../diff/exact/differences.ts";
import { namedTests } from "../../diff/named-tests.ts";
import { allDelivered, someDelivered } from "../../diff/words/outcomes.ts";
import { cutCalls } from "./cut-calls.ts";
import type { Cut } from "./loading.ts";
import { meantCalls, type MeantCalls, type Memory } from "./meant-calls.ts";
import type { View } from "./view.ts";

/** A call that both ends of a rollout agree on, and a moment of it does not. */
export interface Broken {
  /** It fails, though it is delivered before and after; or it gets through, though it is refused before and after. */
  readonly what: "fails" | "gets-through";
  readonly call: Call;
}

/** Two proxies at one moment of a rollout: whoever calls holds one state, whoever is called another. */
export interface Moment {
  readonly caller: Mesh;
  readonly callee: Mesh;
}

/** Holds the moments of one rollout against its ends; what it has worked out for one it knows for the others. */
export interface Prover {
  /** The first call found that one of the moments breaks, or that is cut; undefined: there is none, which is proved, not sampled. */
  readonly broken: (moments: readonly Moment[], cuts: readonly Cut[]) => Broken | undefined;
}

/** Throws `TooLarge` where that is more than is worth working out. */
export const prover = (before: Mesh, after: Mesh, cap?: number): Prover => {
  const space = new Space(after.platform.pathNormalization, new Diagrams(cap));
  const { diagrams } = space;
  diagrams.name(namedTests(before, after));
  const kept = new Map<Mesh, Map<Mesh, View>>();
  const memory: Memory = { prints: { of: new Map(), numbers: new Map() }, meanings: new Map() };
  const viewOf = (caller: Mesh, callee: Mesh): View => {
    const callees = kept.get(caller) ?? new Map<Mesh, View>();
    kept.set(caller, callees);
    const view = callees.get(callee) ?? { decided: new Decided(caller, space, callee), server: callee };
    callees.set(callee, view);
    return view;
  };
  /** Many callers and moments have one meaning. */
  const where = (holds: (meaning: Effects) => boolean): ((of: Diagram<Effects>) => Diagram) => {
    const known = new Map<Diagram<Effects>, Diagram>();
    return (of) => {
      const set = known.get(of) ?? diagrams.mapped(of, holds);
      known.set(of, set);
      return set;
    };
  };
  const [wholly, partly] = [where(allDelivered), where(someDelivered)];

  const ends = [viewOf(before, before), viewOf(after, after)];
  /** Of some calls those that both ends deliver, and those that both refuse. */
  const steady = ({ lane, meanings }: MeantCalls) => {
    const [old, next] = meanings as readonly [Diagram<Effects>, Diagram<Effects>];
    // What has one of a destination's names is HTTP.
    const asked = lane.names.kind === "named" ? diagrams.not(diagrams.test({ of: "connection" })) : diagrams.yes;
    return {
      always: diagrams.and(wholly(old), wholly(next), asked),
      never: diagrams.and(diagrams.not(partly(old)), diagrams.not(partly(next)), asked),
    };
  };
  const found = ({ lane, caller }: MeantCalls, what: Broken["what"], set: Diagram): Broken | undefined => {
    const hosts = lane.names.kind === "named" ? { only: lane.names.names } : anyHost;
    const inhabited = space.inhabited(set, hosts);
    if (inhabited === diagrams.no) return undefined;
    return { what, call: witness({ lane, callers: [caller], set: inhabited, hosts }, space) };
  };

  return {
    broken: (moments, cuts) => {
      for (const calls of cutCalls(ends, cuts, diagrams)) {
        const broken = found(calls, "fails", steady(calls).always);
        if (broken !== undefined) return broken;
      }
      const views = [...ends, ...moments.map(({ caller, callee }) => viewOf(caller, callee))];
      for (const calls of meantCalls(views, diagrams, memory)) {
        const { always, never } = steady(calls);
        for (const moment of new Set(calls.meanings.slice(ends.length))) {
          const broken =
            found(calls, "fails", diagrams.and(always, diagrams.not(wholly(moment)))) ??
            found(calls, "gets-through", diagrams.and(never, partly(moment)));
          if (broken !== undefined) return broken;
        }
      }
      return undefined;
    },
  };
};
