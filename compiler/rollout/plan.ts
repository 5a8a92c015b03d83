import type { Diagnostic, Staged } from "../../lib/diagnostics/diagnostic.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { TooLarge } from "../../lib/requests/diagrams.ts";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import { readMoment } from "../../targets/istio/read/index.ts";
import { changes, stateOf, type State } from "./change.ts";
import { courses, tactics, type Ends, type Move } from "./courses.ts";
import { byPhase, inAnyOrder, type Found } from "./orders.ts";
import { prover, type Broken } from "./proof/proof.ts";
import { stepProver, type PlanBase } from "./proof/step-proof.ts";
import type { Step } from "./step.ts";

/** How a cluster comes from what it has to what is wanted; steps of a plan that is not safe are what they would be. */
export type Plan =
  | { readonly kind: "safe"; readonly steps: readonly Step[] }
  /** Whatever order was tried, some call is broken on the way: in one of them `at` breaks it, `after` steps that break nothing. */
  | {
      readonly kind: "unsafe";
      readonly steps: readonly Step[];
      readonly broken: Broken;
      readonly after: readonly Step[];
      readonly at: Step;
    }
  /** More than is worth working out. */
  | { readonly kind: "unproved"; readonly steps: readonly Step[]; readonly why: string };

/**
 * A plan whose every moment is held against both ends: with callers' and callees' proxies anywhere within a step, no call fails that
 * is delivered before and after, and none gets through that is refused before and after. `before` is in the order of the objects' age.
 * No value where a state is no mesh: an object says what this project never writes.
 */
export const rolloutPlan = (
  before: readonly KubernetesObject[],
  after: readonly KubernetesObject[],
  base: PlanBase,
): Staged<Plan> => {
  const [from, to] = [stateOf(before), stateOf(after)];
  // Nothing to do is what most passes find, of meshes whose reading takes seconds.
  if (changes(from, to).length === 0) return { value: { kind: "safe", steps: [] }, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const kept = new Map<State, Mesh>();
  const meshOf = (state: State): Mesh => {
    const known = kept.get(state);
    if (known !== undefined) return known;
    const { value, diagnostics: found } = readMoment([...state.values()], base);
    if (value === undefined) {
      diagnostics.push(...found);
      throw new Unreadable();
    }
    kept.set(state, value);
    return value;
  };
  try {
    const ends: Ends = {
      before: { state: from, mesh: meshOf(from) },
      after: { state: to, mesh: meshOf(to) },
    };
    return { value: planned(ends, meshOf, base), diagnostics: [] };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { value: undefined, diagnostics };
  }
};

class Unreadable extends Error {}

/** Phase by phase where that is safe, by whatever tactic; else in whatever order is. */
const planned = (ends: Ends, meshOf: (state: State) => Mesh, base: PlanBase): Plan => {
  const usual = courses(ends, tactics[0]!);
  if (usual.length === 0) return { kind: "safe", steps: [] };
  let others: readonly (readonly (readonly Move[])[])[] | undefined;
  // Most plans are the first that is tried.
  const candidates = function* () {
    yield usual;
    yield* (others ??= distinct(tactics.map((tactic) => courses(ends, tactic))).slice(1));
  };
  const unproved = (): readonly Step[] => byPhase(usual, ends.before.state, { broken: () => undefined }).steps;
  try {
    const proof = stepProver(prover(ends.before.mesh, ends.after.mesh), meshOf, base);
    let unsafe: Extract<Found, { readonly broken: Broken }> | undefined;
    for (const order of [byPhase, inAnyOrder])
      for (const candidate of candidates()) {
        const found = order(candidate, ends.before.state, proof);
        if (!("broken" in found)) return { kind: "safe", steps: found.steps };
        unsafe = order === inAnyOrder ? (unsafe ?? found) : undefined;
      }
    const { steps: after, broken, at } = unsafe!;
    return { kind: "unsafe", steps: unproved(), broken, after, at };
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return { kind: "unproved", steps: unproved(), why: error.message };
  }
};

/** Tactics that come to the same are one. */
const distinct = (all: readonly (readonly (readonly Move[])[])[]): readonly (readonly (readonly Move[])[])[] => [
  ...new Map(all.map((one) => [JSON.stringify(one), one])).values(),
];
