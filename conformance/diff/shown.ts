import type { Call } from "../../lib/model/call.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { Laboratory } from "../laboratory/laboratory.ts";
import { binomialTest } from "../laboratory/oracle/binomial.ts";
import { disagreement, type Observed } from "../laboratory/oracle/observation.ts";
import type { Pair } from "./pairs.ts";
import { placeShares, refusedBelow, requestsPerWitness } from "./sightings.ts";
import { chosenWitnesses, unshowable, type Choice, type Witness } from "./witnesses.ts";

/** What the real systems answered under both meshes. */
export interface Answered {
  readonly call: Call;
  /** What the diff says of it, and by how much it can be shown. */
  readonly expected: Witness["shownBy"] | "no change";
  readonly before: readonly Observed[];
  readonly after: readonly Observed[];
}

export interface Shown {
  readonly pair: Pair;
  readonly choice: Choice;
  readonly answered: readonly Answered[];
}

const untouchedPerPair = 15;

/** Installs the one mesh, sends, makes of it the other as a cluster is updated, and sends the same again. */
export const shown = async (pair: Pair, lab: Laboratory): Promise<Shown> => {
  await lab.set(pair.graph, pair.before);
  const choice = chosenWitnesses(pair, lab);
  const calls: readonly Pick<Answered, "call" | "expected">[] = [
    ...choice.chosen.map(({ call, shownBy }) => ({ call, expected: shownBy })),
    ...pair.untouched
      .filter((call) => unshowable(pair, call, lab) === undefined)
      .slice(0, untouchedPerPair)
      .map((call) => ({ call, expected: "no change" as const })),
  ];
  const before = await answers(calls, lab);
  await lab.update(pair.graph, pair.after);
  const after = await answers(calls, lab);
  return {
    pair,
    choice,
    answered: calls.map((one, index) => ({ ...one, before: before[index]!, after: after[index]! })),
  };
};

const answers = async (
  calls: readonly Pick<Answered, "call" | "expected">[],
  lab: Laboratory,
): Promise<readonly (readonly Observed[])[]> => {
  const once = await lab.send(calls.map(({ call }) => ({ call })));
  const all: (readonly Observed[])[] = [];
  for (const [index, { call, expected }] of calls.entries())
    all.push(
      expected === "many requests"
        ? await lab.send(Array.from({ length: requestsPerWitness }, () => ({ call })))
        : [once[index]!],
    );
  return all;
};

/** Why what was seen is not exactly what the diff says; undefined where it is. */
export const contradiction = (before: Mesh, after: Mesh, seen: Answered): string | undefined => {
  const { call, expected } = seen;
  const wrongBefore = unlike(before, call, seen.before);
  if (wrongBefore !== undefined) return `before: ${wrongBefore}`;
  const wrongAfter = unlike(after, call, seen.after);
  if (wrongAfter !== undefined) return `after: ${wrongAfter}`;
  const difference = unlike(after, call, seen.before) ?? unlike(before, call, seen.after);
  if (expected === "no change") return difference && `the diff names no change, but one was seen: ${difference}`;
  return difference === undefined ? "the diff names a change, but none was seen" : undefined;
};

/** Why answers are not those that a mesh gives, each by itself and in their numbers. */
const unlike = (mesh: Mesh, call: Call, answered: readonly Observed[]): string | undefined => {
  for (const one of answered) {
    const why = disagreement(mesh, call, one);
    if (why !== undefined) return why;
  }
  if (answered.length < requestsPerWitness) return undefined;
  for (const [place, share] of placeShares(mesh, call)) {
    const hits = answered.filter((one) => placeOf(one) === place).length;
    if (binomialTest(hits, answered.length, share) < refusedBelow)
      return `${place}: ${hits} of ${answered.length}, share ${share}`;
  }
  return undefined;
};

const placeOf = (seen: Observed): string => {
  const workload =
    seen.kind === "connected" ? seen.workload : seen.kind === "response" ? seen.echo?.workload : undefined;
  if (workload === undefined) return "nowhere";
  return workload.startsWith("outside/") ? "outside" : workload;
};
