import { setTimeout as sleep } from "node:timers/promises";
import { rolloutPlan } from "../../../compiler/rollout/plan.ts";
import { random } from "../../../golden/random/random.ts";
import { silent } from "../../../runtime/log/log.ts";
import { nameOf } from "../../../targets/istio/object.ts";
import type { ClusterObject } from "../../../runtime/gitops/cluster/index.ts";
import { rollout } from "../../../runtime/gitops/rollout/carried-out.ts";
import { byAge, referenceTo } from "../../../runtime/gitops/written.ts";
import type { Laboratory } from "../../laboratory/laboratory.ts";
import type { Rig } from "../../rig/rig.ts";
import { platform, type RolloutCase } from "./cases.ts";
import { byName, type TrafficCluster } from "./cluster.ts";
import type { SkewedIstiod } from "./skewed-istiod.ts";
import { steadyTraffic, type TrafficSeen } from "./steady-traffic.ts";

export const mostSkewMs = 5000;

/** How the cluster comes from one end to the other. */
export type Order = "planned" | "by name";

export interface RolledOut extends TrafficSeen {
  readonly steps: number;
}

type Running = {
  readonly rig: Rig<SkewedIstiod>;
  readonly lab: Laboratory;
  readonly cluster: TrafficCluster;
};

/** Brings the cluster from a case's one end to its other under traffic; afterwards nothing of it is left. Undefined: no safe plan. */
export const rolledOut = async (
  { seed, graph, before, after, calls }: RolloutCase,
  order: Order,
  { rig, lab, cluster }: Running,
): Promise<RolledOut | undefined> => {
  const { signal } = new AbortController();
  const stored = await cluster.written(before);
  const found = new Map(before.map((object, index) => [nameOf(object), stored[index]!]));
  let live: ReadonlyMap<string, ClusterObject> = found;
  try {
    await cluster.settling.settled(
      stored.map((object) => ({ ref: referenceTo(object), resourceVersion: object.metadata.resourceVersion })),
      signal,
    );
    await rig.settle();
    const aged = before.toSorted((a, b) => byAge(found.get(nameOf(a))!, found.get(nameOf(b))!));
    const { value: plan } = rolloutPlan(aged, after, { graph, platform });
    if (plan?.kind !== "safe") return undefined;

    await skewed(rig, seed);
    const traffic = steadyTraffic(calls, lab.send);
    await sleep(1000);
    if (order === "planned") {
      const rolling = rollout(found, {
        api: cluster.api,
        labels: cluster.labels,
        settling: cluster.settling,
        log: silent,
      });
      live = rolling.live;
      await rolling.tried(plan.steps, signal);
      await rolling.carriedOut(plan.steps, signal);
      await sleep(1000);
    } else {
      const wanted = new Set(after.map(nameOf));
      const goes = [...found].filter(([name]) => !wanted.has(name));
      await cluster.removed(goes.map(([, object]) => object));
      const written = await cluster.written(byName(after));
      live = new Map(byName(after).map((object, index) => [nameOf(object), written[index]!]));
      await sleep(mostSkewMs + 2000);
    }
    return { ...(await traffic.stop()), steps: order === "planned" ? plan.steps.length : 1 };
  } finally {
    await skewed(rig, undefined);
    await cluster.removed(live.values());
  }
};

/** Each proxy hears of everything later than istiod says it, by a time of its own; at once without a seed. */
const skewed = async ({ plane, workloads }: Rig<SkewedIstiod>, seed: number | undefined): Promise<void> => {
  const choices = random(seed ?? 0);
  for (const { address, proxy } of workloads())
    if (proxy !== undefined) await plane.delayed(address, seed === undefined ? 0 : choices.below(mostSkewMs + 1));
};
