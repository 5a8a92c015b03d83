import type { Mesh } from "../../../lib/model/mesh.ts";
import type { ServiceGraph } from "../../../lib/graph/graph.ts";
import type { Platform } from "../../../lib/graph/platform.ts";
import { applied, type State, type Write } from "../change.ts";
import { cuts, type Mixture } from "./loading.ts";
import type { Broken, Moment, Prover } from "./proof.ts";
import { independentGroups } from "./topics.ts";

/** Where a mesh is rolled out: what no object of ours says. */
export interface PlanBase {
  readonly graph: ServiceGraph;
  readonly platform: Platform;
}

/** Holds whole steps against the ends of their rollout. */
export interface StepProver {
  /** A call that the step breaks; "too-mixed" where it has more mixtures than are worth trying; undefined: it breaks none. */
  readonly broken: (writes: readonly Write[], from: State) => Broken | "too-mixed" | undefined;
}

const mostMoments = 64;

export const stepProver = (proof: Prover, meshOf: (state: State) => Mesh, base: PlanBase): StepProver => {
  const { graph, platform } = base;
  const hasGateways = graph.workloads.some(({ proxy }) => proxy === "gateway");
  const concernsCallees = ({ kind }: Write): boolean =>
    kind === "AuthorizationPolicy" || kind === "PeerAuthentication" || (hasGateways && kind !== "Sidecar");

  /** What callers' and callees' proxies can hold meanwhile: any of the independent groups, in any mixture. */
  const mixturesOf = (
    writes: readonly Write[],
    from: State,
  ): { readonly moments: readonly Moment[]; readonly callers: readonly Mixture[] } | "too-mixed" => {
    const groups = independentGroups(writes, graph, platform.rootNamespace);
    const callers = groups.filter(([write]) => write!.kind !== "AuthorizationPolicy");
    const callees = groups.filter(([write]) => concernsCallees(write!));
    if (2 ** (callers.length + callees.length) > mostMoments) return "too-mixed";
    const kept = new Map<string, Mixture>();
    const mixtures = (of: typeof groups): readonly Mixture[] =>
      subsets(of).map((chosen) => {
        const key = chosen.map((group) => groups.indexOf(group)).join();
        const known = kept.get(key);
        if (known !== undefined) return known;
        const state = applied(from, chosen.flat());
        const mixture = { state, mesh: meshOf(state) };
        kept.set(key, mixture);
        return mixture;
      });
    const [calling, called] = [mixtures(callers), mixtures(callees)];
    const moments = calling.flatMap(({ mesh: caller }) => called.map(({ mesh: callee }) => ({ caller, callee })));
    return { moments, callers: calling };
  };

  return {
    broken: (writes, from) => {
      const mixtures = mixturesOf(writes, from);
      return mixtures === "too-mixed" ? mixtures : proof.broken(mixtures.moments, cuts(mixtures.callers));
    },
  };
};

/** Members in the order of the list. */
const subsets = <T>(of: readonly T[]): readonly (readonly T[])[] =>
  of.reduce<readonly (readonly T[])[]>((all, one) => [...all, ...all.map((subset) => [...subset, one])], [[]]);
