import { differences, isAmong, type Difference } from "../../compiler/diff/exact/differences.ts";
import type { Intents } from "../../compiler/lower/intents.ts";
import { callersCanTellWhoWantsMtls } from "../../compiler/validate/access/callers-can-tell-who-wants-mtls.ts";
import { oneMtlsModeForOneWorkload } from "../../compiler/validate/access/services-on-one-workload-agree.ts";
import { boundaryCalls } from "../../golden/random/calls.ts";
import { lowered, randomMesh } from "../../golden/random/mesh.ts";
import { meshesOf, randomPair } from "../../golden/random/pair.ts";
import { random } from "../../golden/random/random.ts";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Call } from "../../lib/model/call.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { Decided } from "../../lib/requests/decided/decided.ts";
import { Space } from "../../lib/requests/space.ts";
import { istio } from "../../targets/istio/index.ts";

/** Two meshes over one graph, and what the diff says of them. */
export interface Pair {
  readonly name: string;
  readonly seed: number;
  readonly graph: ServiceGraph;
  readonly before: Mesh;
  readonly after: Mesh;
  readonly differences: readonly Difference[];
  readonly space: Space;
  /** Calls at the edges of what either mesh distinguishes that the diff does not name. */
  readonly untouched: readonly Call[];
}

/**
 * Whether both meshes have a meaning at all: a pair is mixed of two, and may tell a workload two mTLS modes, or callers of
 * one service two.
 */
export const hasMeaning = (seed: number): boolean => {
  const { before, after } = randomPair(seed, "same");
  return [before, after].every(({ intents, mesh, graph }) =>
    [oneMtlsModeForOneWorkload, callersCanTellWhoWantsMtls].every(
      (law) => law({ ...intents, ...mesh, graph }).length === 0,
    ),
  );
};

/** A random mesh and what somebody made of it. */
export const changedPair = (seed: number, externalAddress?: string): Pair => {
  const pair = randomPair(seed, "same", externalAddress);
  return compared(`seed ${seed}`, seed, pair.before.graph, ...meshesOf(pair));
};

/**
 * A random mesh and the same with its lists in another order, as far as the diff says that the order has no meaning;
 * undefined where that leaves its routes as they are.
 */
export const reorderedPair = (seed: number, externalAddress?: string): Pair | undefined => {
  const { graph, platform, intents, mesh } = randomMesh(seed, externalAddress);
  const name = `seed ${seed}, reordered`;
  let [kept, after] = [intents, mesh];
  let routesMoved = false;
  for (const { candidate, list } of reorderings(intents)) {
    const next = candidate(kept);
    const { value } = lowered(next, graph, platform);
    if (value === undefined || JSON.stringify(istio.emit(value)) === JSON.stringify(istio.emit(after))) continue;
    if (compared(name, seed, graph, mesh, value).differences.length > 0) continue;
    [kept, after] = [next, value];
    routesMoved ||= list === "routes";
  }
  return routesMoved ? compared(name, seed, graph, mesh, after) : undefined;
};

const lists = ["routes", "allow", "deny", "uses"] as const;

/** Every exchange of two neighbours in one of the lists of one policy. */
const reorderings = (intents: Intents) =>
  intents.policies.flatMap(({ intent }, at) =>
    lists.flatMap((list) => {
      const written = (intent.intent as Readonly<Record<string, unknown>>)[list];
      return Array.isArray(written)
        ? written.slice(1).map((_, index) => ({ list, candidate: (of: Intents) => exchanged(of, at, list, index) }))
        : [];
    }),
  );

const exchanged = (intents: Intents, at: number, list: (typeof lists)[number], index: number): Intents => {
  const authored = intents.policies[at]!;
  const written = (authored.intent.intent as Readonly<Record<string, readonly unknown[]>>)[list]!;
  const moved = written.with(index, written[index + 1]).with(index + 1, written[index]);
  const intent = { ...authored.intent, intent: { ...authored.intent.intent, [list]: moved } } as typeof authored.intent;
  return { ...intents, policies: intents.policies.with(at, { ...authored, intent }) };
};

const untouchedCalls = 30;

const compared = (name: string, seed: number, graph: ServiceGraph, before: Mesh, after: Mesh): Pair => {
  const space = new Space(before.platform.pathNormalization);
  const revisions = {
    before: new Decided(before, space),
    after: new Decided(after, space),
    diagrams: space.diagrams,
  };
  const all = { differences: differences(revisions, space), revisions, space };
  const calls = [before, after].flatMap((mesh, index) => boundaryCalls(mesh, untouchedCalls, random(seed + index)));
  const untouched = calls.filter((call) => !isAmong(call, all));
  return { name, seed, graph, before, after, differences: all.differences, space, untouched };
};
