import type { Call } from "../../lib/model/call.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { Decided } from "../../lib/requests/decided/decided.ts";
import type { Effects } from "../../lib/requests/decided/meanings.ts";
import { Diagrams, type Diagram } from "../../lib/requests/diagrams.ts";
import { Space } from "../../lib/requests/space.ts";
import { anyHost } from "../../lib/requests/string-regions.ts";
import { witness } from "../diff/exact/differences.ts";
import { namedTests } from "../diff/named-tests.ts";
import { allDelivered, someDelivered } from "../diff/words/outcomes.ts";
import { meantCalls, type View } from "./meant-calls.ts";

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
  /** The first call found that one of the moments breaks; undefined: there is none, which is proved, not sampled. */
  readonly broken: (moments: readonly Moment[]) => Broken | undefined;
}

/** Throws `TooLarge` where that is more than is worth working out. */
export const prover = (before: Mesh, after: Mesh, states: readonly Mesh[], cap?: number): Prover => {
  const space = new Space(after.platform.pathNormalization, new Diagrams(cap));
  const { diagrams } = space;
  diagrams.name(namedTests(before, after, ...states));
  const kept = new Map<Mesh, Map<Mesh, View>>();
  const viewOf = (caller: Mesh, callee: Mesh): View => {
    const callees = kept.get(caller) ?? new Map<Mesh, View>();
    kept.set(caller, callees);
    const view = callees.get(callee) ?? { decided: new Decided(caller, space, callee), server: callee };
    callees.set(callee, view);
    return view;
  };
  const none = (meaning: Effects): boolean => !someDelivered(meaning);
  const where = (of: Diagram<Effects>, holds: (meaning: Effects) => boolean): Diagram => diagrams.mapped(of, holds);

  return {
    broken: (moments) => {
      const views = [
        viewOf(before, before),
        viewOf(after, after),
        ...moments.map(({ caller, callee }) => viewOf(caller, callee)),
      ];
      for (const { lane, caller, meanings } of meantCalls(views, diagrams)) {
        const [old, next, ...between] = meanings as readonly [
          Diagram<Effects>,
          Diagram<Effects>,
          ...Diagram<Effects>[],
        ];
        const hosts = lane.names.kind === "named" ? { only: lane.names.names } : anyHost;
        // What has one of a destination's names is HTTP.
        const asked = lane.names.kind === "named" ? diagrams.not(diagrams.test({ of: "connection" })) : diagrams.yes;
        const always = diagrams.and(where(old, allDelivered), where(next, allDelivered), asked);
        const never = diagrams.and(where(old, none), where(next, none), asked);
        for (const moment of new Set(between)) {
          const found = [
            ["fails", diagrams.and(always, diagrams.not(where(moment, allDelivered)))],
            ["gets-through", diagrams.and(never, where(moment, someDelivered))],
          ] as const;
          for (const [what, set] of found) {
            const inhabited = space.inhabited(set, hosts);
            if (inhabited === diagrams.no) continue;
            return { what, call: witness({ lane, callers: [caller], set: inhabited, hosts }, space) };
          }
        }
      }
      return undefined;
    },
  };
};
