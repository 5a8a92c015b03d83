import { applied, type State, type Write } from "./change.ts";
import { phases, type Move } from "./courses.ts";
import type { Step } from "./step.ts";
import type { Broken } from "./proof/proof.ts";
import type { StepProver } from "./proof/step-proof.ts";

/** Steps that break nothing; or those that break nothing, and after them the one that does. */
export type Found =
  { readonly steps: readonly Step[] } | { readonly steps: readonly Step[]; readonly broken: Broken; readonly at: Step };

/** Every phase at once where that is safe, or its writes by kind, or at last one by one. */
export const byPhase = (courses: readonly (readonly Move[])[], from: State, proof: StepProver): Found => {
  const steps: Step[] = [];
  let state = from;
  for (const phase of phases) {
    const moves = courses.flat().filter((move) => move.phase === phase);
    if (moves.length === 0) continue;
    const writes = moves.map((move) => writeOf(move, state));
    const found = firstSafe([[writes], byKind(writes), byKind(writes).flatMap((some) => some.map((one) => [one]))], {
      phase,
      from: state,
      proof,
    });
    steps.push(...found.steps);
    if ("broken" in found) return { ...found, steps };
    state = applied(state, writes);
  }
  return { steps };
};

const firstSafe = (
  ways: readonly (readonly (readonly Write[])[])[],
  { phase, from, proof }: { readonly phase: Step["phase"]; readonly from: State; readonly proof: StepProver },
): Found => {
  let last: Found = { steps: [] };
  for (const way of ways) {
    const steps: Step[] = [];
    let state = from;
    let failed: { readonly broken: Broken; readonly at: Step } | "too-mixed" | undefined;
    for (const writes of way) {
      const broken = proof.broken(writes, state);
      if (broken !== undefined) {
        failed = broken === "too-mixed" ? broken : { broken, at: { phase, writes } };
        break;
      }
      steps.push({ phase, writes });
      state = applied(state, writes);
    }
    if (failed === undefined) return { steps };
    if (failed !== "too-mixed") last = { steps, ...failed };
  }
  return last;
};

/**
 * Move by move, whichever is safe, those of earlier phases first; then as many together as are safe together. An object's own moves
 * keep their order.
 */
export const inAnyOrder = (courses: readonly (readonly Move[])[], from: State, proof: StepProver): Found => {
  const rest = courses.map((moves) => [...moves]);
  const taken: Step[] = [];
  let state = from;
  for (;;) {
    const next = rest
      .flatMap((moves) => moves.slice(0, 1))
      .sort((a, b) => phases.indexOf(a.phase) - phases.indexOf(b.phase) || rank(a) - rank(b));
    if (next.length === 0) return { steps: together(taken, from, proof) };
    let worst: { readonly broken: Broken; readonly at: Step } | undefined;
    const move = next.find((one) => {
      const write = writeOf(one, state);
      const broken = proof.broken([write], state);
      if (broken !== undefined && broken !== "too-mixed")
        worst ??= { broken, at: { phase: one.phase, writes: [write] } };
      return broken === undefined;
    });
    if (move === undefined) return { steps: together(taken, from, proof), ...worst! };
    const write = writeOf(move, state);
    taken.push({ phase: move.phase, writes: [write] });
    state = applied(state, [write]);
    rest.find(([first]) => first === move)!.shift();
  }
};

/** Neighbours as one step, as long as that breaks nothing either. No object is written twice in a step. */
const together = (singles: readonly Step[], from: State, proof: StepProver): readonly Step[] => {
  const steps: Step[] = [];
  let state = from;
  for (const step of singles) {
    const last = steps.at(-1);
    const joined = last && [...last.writes, ...step.writes];
    const isOne = joined !== undefined && new Set(joined.map(({ name }) => name)).size === joined.length;
    if (isOne && proof.broken(joined, state) === undefined) steps[steps.length - 1] = { ...last!, writes: joined };
    else {
      if (last !== undefined) state = applied(state, last.writes);
      steps.push(step);
    }
  }
  return steps;
};

const writeOf = ({ name, kind, form }: Move, state: State): Write => ({
  name,
  kind,
  before: state.get(name),
  after: form,
});

/** What others need comes before what needs it; what goes, the other way round. */
const order = [
  "ServiceEntry",
  "DestinationRule",
  "Gateway",
  "Sidecar",
  "VirtualService",
  "PeerAuthentication",
  "AuthorizationPolicy",
];

const rank = ({ kind, form }: Pick<Move, "kind" | "form">): number =>
  form === undefined ? 2 * order.length - order.indexOf(kind) : order.indexOf(kind);

const byKind = (writes: readonly Write[]): readonly (readonly Write[])[] =>
  [...Map.groupBy(writes, ({ kind, after }) => rank({ kind, form: after }))]
    .sort(([a], [b]) => a - b)
    .map(([, some]) => some);
