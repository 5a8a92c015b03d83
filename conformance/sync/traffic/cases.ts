import { stateOf } from "../../../compiler/rollout/change.ts";
import { rolloutPlan } from "../../../compiler/rollout/plan.ts";
import { boundaryCalls } from "../../../golden/random/calls.ts";
import { randomPair } from "../../../golden/random/pair.ts";
import { random } from "../../../golden/random/random.ts";
import type { ServiceGraph } from "../../../lib/graph/graph.ts";
import { defaultPlatform, type Platform } from "../../../lib/graph/platform.ts";
import type { Call } from "../../../lib/model/call.ts";
import { decide } from "../../../lib/model/decide/index.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import { emit } from "../../../targets/istio/emit/index.ts";
import type { KubernetesObject } from "../../../targets/istio/object.ts";
import { readMoment } from "../../../targets/istio/read/index.ts";
import { observable } from "../../laboratory/oracle/trials.ts";

/** Nobody sends a request again: a retry would hide what broke. All cases are under it, so that one istiod serves them. */
export const platform: Platform = { ...defaultPlatform, defaultRetries: { attempts: 0, on: [] } };

/** From what to what, and the calls that both ends agree on. */
export interface RolloutCase {
  readonly seed: number;
  readonly graph: ServiceGraph;
  readonly before: readonly KubernetesObject[];
  readonly after: readonly KubernetesObject[];
  readonly calls: readonly SteadyCall[];
}

export interface SteadyCall {
  readonly call: Call;
  /** Delivered before and after, or else refused before and after. */
  readonly delivered: boolean;
}

const callsOfEach = 250;

/** Of `randomPair`; undefined where nothing is to be done, or no plan is safe. */
export const rolloutCase = (seed: number, externalAddress: string): RolloutCase | undefined => {
  const pair = randomPair(seed, "same", externalAddress);
  const { graph } = pair.before;
  const [before, after] = [emit(withoutRetries(pair.before.mesh)), emit(withoutRetries(pair.after.mesh))];
  const { value: plan } = rolloutPlan(before, after, { graph, platform });
  if (plan?.kind !== "safe" || plan.steps.length === 0) return undefined;
  return { seed, graph, before, after, calls: steadyCalls(seed, graph, before, after) };
};

const withoutRetries = (mesh: Mesh): Mesh => ({
  ...(JSON.parse(JSON.stringify(mesh, (key, value: unknown) => (key === "retries" ? "none" : value))) as Mesh),
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
  const meshes = [before, after].map((objects) => meshOf(objects, graph));
  const choices = random(seed);
  const sampled = meshes.flatMap((mesh) => boundaryCalls(mesh, callsOfEach, choices));
  return sampled.flatMap((call): readonly SteadyCall[] => {
    if (!meshes.every((mesh) => observable(mesh, call))) return [];
    const delivered = meshes.flatMap((mesh) =>
      decide({ client: mesh, server: mesh }, call).branches.flatMap(({ ends }) =>
        ends.map(({ outcome }) => outcome.kind === "delivered"),
      ),
    );
    if (new Set(delivered).size !== 1) return [];
    return [{ call, delivered: delivered[0]! }];
  });
};
