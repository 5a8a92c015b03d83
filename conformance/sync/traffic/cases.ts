import { isDeepStrictEqual } from "node:util";
import { stateOf } from "../../../compiler/rollout/change.ts";
import { rolloutPlan } from "../../../compiler/rollout/plan.ts";
import { boundaryCalls } from "../../../golden/random/calls.ts";
import { randomPair } from "../../../golden/random/pair.ts";
import { random } from "../../../golden/random/random.ts";
import type { ServiceGraph } from "../../../lib/graph/graph.ts";
import { defaultPlatform, type Platform } from "../../../lib/graph/platform.ts";
import type { Call } from "../../../lib/model/call.ts";
import { decide } from "../../../lib/model/decide/index.ts";
import { namesOf } from "../../../lib/model/callable.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Destination, Mesh } from "../../../lib/model/mesh.ts";
import { hostOfRequest } from "../../../lib/requests/request-test.ts";
import { emit } from "../../../targets/istio/emit/index.ts";
import type { KubernetesObject } from "../../../targets/istio/object.ts";
import { readMoment } from "../../../targets/istio/read/index.ts";
import { observable } from "../../laboratory/oracle/trials.ts";

/** Nobody sends a request again: a retry would hide what broke. All cases are under it, so that one istiod serves them. */
export const platform: Platform = { ...defaultPlatform, defaultRetries: { attempts: 0, on: [] } };

/** Two meshes of one graph, and the rollouts between them: there, and back where that has a safe plan too. */
export interface RolloutCase {
  readonly seed: number;
  readonly graph: ServiceGraph;
  readonly ways: readonly RolloutWay[];
}

/** From what to what, and the calls that both ends agree on. */
export interface RolloutWay {
  readonly name: string;
  readonly before: readonly KubernetesObject[];
  readonly after: readonly KubernetesObject[];
  readonly calls: readonly SteadyCall[];
}

export interface SteadyCall {
  readonly call: Call;
  /** Delivered before and after, or else refused before and after. */
  readonly delivered: boolean;
  /** Whether it comes out otherwise where proxies have the first of the writes alone, in the order of names. */
  readonly isFragile: boolean;
}

const sampledOfEach = 300;
const sentOfEach = 300;

/** Of `randomPair`. */
export const rolloutCase = (seed: number, externalAddress: string): RolloutCase => {
  const pair = randomPair(seed, "same", externalAddress);
  const { graph } = pair.before;
  const [one, other] = [emit(untimed(pair.before.mesh)), emit(untimed(pair.after.mesh))];
  const way = (to: string, before: typeof one, after: typeof one): readonly RolloutWay[] => {
    const { value: plan } = rolloutPlan(before, after, { graph, platform });
    if (plan?.kind !== "safe" || plan.steps.length === 0) return [];
    return [{ name: `seed ${seed} ${to}`, before, after, calls: steadyCalls(seed, graph, before, after) }];
  };
  return { seed, graph, ways: [...way("there", one, other), ...way("back", other, one)] };
};

/** Nothing is sent again, which would hide what broke, and nothing ends for being late, which a busy machine causes by itself. */
const untimed = (mesh: Mesh): Mesh => ({
  ...(JSON.parse(
    JSON.stringify(mesh, (key, value: unknown) => (key === "retries" || key === "timeout" ? "none" : value)),
  ) as Mesh),
  platform,
});

const meshOf = (objects: readonly KubernetesObject[], graph: ServiceGraph): Mesh => {
  const { value, diagnostics } = readMoment([...stateOf(objects).values()], { graph, platform });
  if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return value;
};

const steadyCalls = (
  seed: number,
  graph: ServiceGraph,
  before: readonly KubernetesObject[],
  after: readonly KubernetesObject[],
): readonly SteadyCall[] => {
  const ends = [before, after].map((objects) => meshOf(objects, graph));
  const states = byNameStates(before, after).map((objects) => meshOf(objects, graph));
  const choices = random(seed);
  const steady = ends
    .flatMap((mesh) => boundaryCalls(mesh, sampledOfEach, choices))
    .flatMap((call): readonly SteadyCall[] => {
      if (!ends.every((mesh) => isMeant(mesh, call) && observable(mesh, call))) return [];
      const delivered = ends.flatMap((mesh) => deliveries(mesh, mesh, call));
      if (new Set(delivered).size !== 1) return [];
      const isFragile = states.some((client) =>
        states.some((server) => deliveries(client, server, call).some((one) => one !== delivered[0])),
      );
      return [{ call, delivered: delivered[0]!, isFragile }];
    });
  const fragile = steady.filter(({ isFragile }) => isFragile);
  return [...fragile.slice(0, sentOfEach), ...steady.filter(({ isFragile }) => !isFragile).slice(0, sentOfEach)];
};

/** What people mean to call, as the law of rollouts has it: who dials one destination and asks for another may be answered either way. */
const isMeant = (mesh: Mesh, { from, to, request }: Call): boolean => {
  if (from === "outside" || request === "connection") return true;
  const { workload, destination } = lookup(mesh);
  const { namespace } = workload(from)!;
  const names = (one: Destination): boolean => namesOf(one, namespace).includes(hostOfRequest(request));
  if (to.kind !== "destination") return !mesh.destinations.some(names);
  const dialled = destination(to.host);
  return dialled !== undefined && names(dialled);
};

/** What there is after each write, where what goes does so first, and the rest is written in the order of names. */
const byNameStates = (
  before: readonly KubernetesObject[],
  after: readonly KubernetesObject[],
): readonly (readonly KubernetesObject[])[] => {
  const [from, to] = [stateOf(before), stateOf(after)];
  const goes = [...from.keys()].filter((name) => !to.has(name));
  const comes = [...to.keys()].filter((name) => !isDeepStrictEqual(from.get(name), to.get(name))).sort();
  const state = new Map(from);
  const states = [[...state.values()]];
  for (const name of [...goes, ...comes]) {
    const object = to.get(name);
    if (object === undefined) state.delete(name);
    else state.set(name, object);
    states.push([...state.values()]);
  }
  return states;
};

const deliveries = (client: Mesh, server: Mesh, call: Call): readonly boolean[] =>
  decide({ client, server }, call).branches.flatMap(({ ends }) =>
    ends.map(({ outcome }) => outcome.kind === "delivered"),
  );
