import { expect, test } from "vitest";
import { applied, stateOf, type State, type Write } from "../compiler/rollout/change.ts";
import { rolloutPlan, type Plan } from "../compiler/rollout/plan.ts";
import type { Step } from "../compiler/rollout/step.ts";
import type { ServiceGraph } from "../lib/graph/graph.ts";
import type { Call } from "../lib/model/call.ts";
import { decide } from "../lib/model/decide/index.ts";
import { destinationsInScope, namesOf } from "../lib/model/callable.ts";
import type { Mesh, MeshWorkload } from "../lib/model/mesh.ts";
import { normalizedTarget } from "../lib/model/normalized-path.ts";
import { emit } from "../targets/istio/emit/index.ts";
import type { KubernetesObject } from "../targets/istio/object.ts";
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

/** What a caller's proxy loads: what its Sidecar imports, and where the VirtualServices lead that it imports; without one, everything. */
const loads = (
  objects: readonly KubernetesObject[],
  caller: MeshWorkload,
): { readonly has: (host: string) => boolean } => {
  const own = objects.find(
    ({ kind, metadata, spec }) =>
      kind === "Sidecar" &&
      metadata.namespace === caller.namespace &&
      Object.entries((spec as { workloadSelector: { labels: object } }).workloadSelector.labels).every(
        ([key, value]) => caller.labels[key] === value,
      ),
  );
  if (own === undefined) return { has: () => true };
  const imported = new Set(
    (own.spec as unknown as { egress: readonly { hosts: readonly string[] }[] }).egress.flatMap(({ hosts }) =>
      hosts.map((host) => host.split("/")[1]!),
    ),
  );
  const rules = objects.filter(
    ({ kind, spec: { hosts, gateways } }) =>
      kind === "VirtualService" &&
      gateways === undefined &&
      (hosts as readonly string[]).some((one) => imported.has(one)),
  );
  const led = rules.flatMap(({ spec }) => JSON.stringify(spec).match(/(?<="destination":\{"host":")[^"]+/g) ?? []);
  return new Set([...imported, ...led]);
};

test("where anything may be called, clusters that came before or after their routes break no call", () => {
  let [keepers, led] = [0, 0];
  for (const rollout of rollouts(seeds)) {
    const { plan, from, graph, before, after, seed } = rollout;
    if (plan.kind !== "safe" || after.platform.outbound !== "allow-any") continue;
    const choices = random(seed);
    const steady = [...boundaryCalls(before, 40, choices), ...boundaryCalls(after, 40, choices)].filter(
      ({ from: caller, to }) => caller !== "outside" && to.kind === "destination",
    );
    let state = from;
    for (const { writes } of plan.steps) {
      keepers += writes.filter(({ name, after: form }) => name.endsWith("/rollout.keeper") && form).length;
      for (let round = 0; round < 4; round += 1) {
        const [clusters, routes] = [0, 1].map(() => applied(state, some(writes, choices))) as [State, State];
        const client = meshOf(routes, { graph, platform: after.platform });
        for (const call of steady) {
          const ends = [before, after].flatMap((mesh) => decide({ client: mesh, server: mesh }, call).branches);
          if (!ends.every((branch) => branch.ends.every(({ outcome }) => outcome.kind === "delivered"))) continue;
          const caller = client.workloads.find(({ id }) => id === call.from)!;
          const called = destinationsInScope({ mesh: client, workload: caller }).find(
            (one) => call.request !== "connection" && namesOf(one, caller.namespace).includes(call.request.host),
          );
          const port = called?.ports.find(({ number }) => number === call.port);
          if (called === undefined || port === undefined || !loads([...routes.values()], caller).has(called.host))
            continue;
          led += 1;
          for (const host of port.routes.flatMap(({ backends }) => backends.map((one) => one.host)))
            expect(loads([...clusters.values()], caller).has(host), `seed ${seed}: ${host} by ${call.from}`).toBe(true);
        }
      }
      state = applied(state, writes);
    }
  }
  expect(keepers).toBeGreaterThan(0);
  expect(led).toBeGreaterThan(seeds);
});

test("whoever finds a rollout that stopped anywhere in a step can go on, and go back", () => {
  let stops = 0;
  for (const rollout of rollouts(Math.min(seeds / 2, 20))) {
    const { plan, from, to, graph, after, seed } = rollout;
    if (plan.kind !== "safe") continue;
    const choices = random(seed);
    const base = { graph, platform: after.platform };
    let state = from;
    for (const { writes } of plan.steps) {
      const stopped = [...applied(state, some(writes, choices)).values()];
      for (const end of [to, from])
        expect(rolloutPlan(stopped, [...end.values()], base).value?.kind, `seed ${seed}`).toBe("safe");
      stops += 1;
      state = applied(state, writes);
    }
  }
  expect(stops).toBeGreaterThan(Math.min(seeds / 2, 20));
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
