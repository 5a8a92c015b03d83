import { expect, test } from "vitest";
import { applied, stateOf, type State, type Write } from "../compiler/rollout/change.ts";
import { rolloutPlan, type Plan } from "../compiler/rollout/plan.ts";
import type { Step } from "../compiler/rollout/step.ts";
import type { ServiceGraph } from "../lib/graph/graph.ts";
import type { Call } from "../lib/model/call.ts";
import { decide } from "../lib/model/decide/index.ts";
import type { Mesh } from "../lib/model/mesh.ts";
import { normalizedTarget } from "../lib/model/normalized-path.ts";
import { emit } from "../targets/istio/emit/index.ts";
import { readMoment } from "../targets/istio/read/index.ts";
import { boundaryCalls } from "./random/calls.ts";
import { randomPair } from "./random/pair.ts";
import { random, type Random } from "./random/random.ts";

const seeds = Number(process.env["MESHWRIGHT_CASES"] ?? 5000) / 200;

interface Rollout {
  readonly seed: number;
  readonly graph: ServiceGraph;
  readonly before: Mesh;
  readonly after: Mesh;
  readonly from: State;
  readonly to: State;
  readonly plan: Plan;
}

const planned: Rollout[] = [];
const rollouts = function* (count: number): Generator<Rollout> {
  yield* planned;
  for (let seed = planned.length + 1; seed <= count; seed += 1) {
    const pair = randomPair(seed, "same");
    const { graph, platform } = pair.after;
    const [old, next] = [emit(pair.before.mesh), emit(pair.after.mesh)];
    const [from, to] = [stateOf(old), stateOf(next)];
    const { value: plan } = rolloutPlan(old, next, { graph, platform });
    const [before, after] = [from, to].map((state) => meshOf(state, pair.after)) as [Mesh, Mesh];
    const rollout = { seed, graph, before, after, from, to, plan: plan! };
    planned.push(rollout);
    yield rollout;
  }
};

const meshOf = (state: State, base: Parameters<typeof readMoment>[1]): Mesh => {
  const { value, diagnostics } = readMoment([...state.values()], base);
  if (value === undefined) throw new Error(JSON.stringify(diagnostics));
  return value;
};

/** The algebra speaks of paths as proxies send them on (docs/decisions/0009). */
const withNormalPath = (call: Call, { platform }: Mesh): Call =>
  call.request === "connection"
    ? call
    : {
        ...call,
        request: { ...call.request, target: normalizedTarget(call.request.target, platform.pathNormalization) },
      };

/** What a call breaks while its caller's proxy holds one mesh and its callee's another. */
const broken = (
  { before, after }: Rollout,
  call: Call,
  client: Mesh,
  server: Mesh,
): "fails" | "gets-through" | undefined => {
  const delivered = (caller: Mesh, callee: Mesh): readonly boolean[] =>
    decide({ client: caller, server: callee }, call).branches.flatMap(({ ends }) =>
      ends.map(({ outcome }) => outcome.kind === "delivered"),
    );
  const steady = [...delivered(before, before), ...delivered(after, after)];
  const between = delivered(client, server);
  if (steady.every(Boolean) && !between.every(Boolean)) return "fails";
  return !steady.some(Boolean) && between.some(Boolean) ? "gets-through" : undefined;
};

/** Any of a step's writes have arrived: not only the mixtures that the proof thinks of. */
const some = (writes: readonly Write[], choices: Random): readonly Write[] => writes.filter(() => choices.chance(50));

/** The first call of many that breaks while steps roll out, with every proxy anywhere within the step. */
const firstBroken = (rollout: Rollout, steps: readonly Step[], rounds: number): string | undefined => {
  const { seed, from, before, after, graph } = rollout;
  const choices = random(seed);
  const base = { graph, platform: after.platform };
  const calls = [...boundaryCalls(before, 60, choices), ...boundaryCalls(after, 60, choices)].map((call) =>
    withNormalPath(call, after),
  );
  let state = from;
  for (const { writes } of steps) {
    for (let round = 0; round < rounds; round += 1) {
      const [client, server] = [0, 1].map(() => meshOf(applied(state, some(writes, choices)), base)) as [Mesh, Mesh];
      for (const call of calls) {
        const what = broken(rollout, call, client, server);
        if (what !== undefined) return `seed ${seed}: ${what}: ${JSON.stringify(call)}`;
      }
    }
    state = applied(state, writes);
  }
  return undefined;
};

test("a safe plan ends at what is wanted, and no call breaks at any of its moments", () => {
  let steps = 0;
  for (const rollout of rollouts(seeds)) {
    if (rollout.plan.kind !== "safe") continue;
    const { plan, from, to, seed } = rollout;
    const end = plan.steps.reduce((state, { writes }) => applied(state, writes), from);
    expect(Object.fromEntries(end), `seed ${seed}`).toEqual(Object.fromEntries(to));
    expect(firstBroken(rollout, plan.steps, 4)).toBeUndefined();
    steps += plan.steps.length;
  }
  expect(steps).toBeGreaterThan(seeds);
});

test("the same writes all at once, or in the other order, break calls", () => {
  let [atOnce, backwards, plans] = [0, 0, 0];
  for (const rollout of rollouts(seeds)) {
    const { plan } = rollout;
    if (plan.kind !== "safe" || plan.steps.length < 2) continue;
    plans += 1;
    const { from, to } = rollout;
    const writes = [...new Set([...from.keys(), ...to.keys()])].flatMap((name): readonly Write[] => {
      const [old, next] = [from.get(name), to.get(name)];
      return old === next ? [] : [{ name, kind: (next ?? old)!.kind, before: old, after: next }];
    });
    const goesFirst = writes.toSorted((a, b) => Number(a.after !== undefined) - Number(b.after !== undefined));
    if (firstBroken(rollout, [{ phase: "switch", writes }], 6)) atOnce += 1;
    if (
      firstBroken(
        rollout,
        goesFirst.map((write) => ({ phase: "switch", writes: [write] })),
        2,
      )
    )
      backwards += 1;
  }
  expect(atOnce).toBeGreaterThan(plans / 5);
  expect(backwards).toBeGreaterThan(plans / 5);
});

test("what is called unsafe is: the call breaks at a moment of the step", () => {
  let found = 0;
  for (const rollout of rollouts(seeds)) {
    const { plan, from, after, graph, seed } = rollout;
    if (plan.kind !== "unsafe") continue;
    const state = plan.after.reduce((of, { writes }) => applied(of, writes), from);
    const base = { graph, platform: after.platform };
    const states = [[], plan.at.writes].map((writes) => meshOf(applied(state, writes), base));
    const moments = states.flatMap((client) =>
      states.map((server) => broken(rollout, plan.broken.call, client, server)),
    );
    expect(moments, `seed ${seed}: ${JSON.stringify(plan.broken)}`).toContain(plan.broken.what);
    found += 1;
  }
  expect(found).toBeGreaterThan(0);
  expect(found).toBeLessThan(seeds / 5);
});
