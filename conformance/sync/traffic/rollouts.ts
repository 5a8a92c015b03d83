import { setTimeout as sleep } from "node:timers/promises";
import { saysTheSame } from "../../../compiler/rollout/change.ts";
import { rolloutPlan } from "../../../compiler/rollout/plan.ts";
import { random } from "../../../golden/random/random.ts";
import type { ServiceGraph } from "../../../lib/graph/graph.ts";
import { silent } from "../../../runtime/log/log.ts";
import { nameOf, type KubernetesObject } from "../../../targets/istio/object.ts";
import { refOf, type ClusterObject } from "../../../runtime/gitops/cluster/index.ts";
import { rollout } from "../../../runtime/gitops/rollout/carried-out.ts";
import { asWritten, byAge } from "../../../runtime/gitops/written.ts";
import type { Laboratory } from "../../laboratory/laboratory.ts";
import type { Rig } from "../../rig/rig.ts";
import { platform, type RolloutWay } from "./cases.ts";
import { byName, type TrafficCluster } from "./cluster.ts";
import type { SkewedIstiod } from "./skewed-istiod.ts";
import { steadyTraffic, type TrafficSeen } from "./steady-traffic.ts";

export const mostSkewMs = 5000;

/** How the cluster comes from one end to the other. */
export type Order = "planned" | "by name";

export interface RolledOut extends TrafficSeen {
  readonly steps: number;
}

export type Running = {
  readonly rig: Rig<SkewedIstiod>;
  readonly lab: Laboratory;
  readonly cluster: TrafficCluster;
};

/** The rollouts of one graph, one after the other on one cluster; what the last one left is where the next one begins. */
export interface Rollouts {
  /** Undefined: there is no safe plan, in the order of the objects' age. */
  readonly rolledOut: (way: RolloutWay, order: Order) => Promise<RolledOut | undefined>;
  readonly close: () => Promise<void>;
}

export const rollouts = (seed: number, graph: ServiceGraph, { rig, lab, cluster }: Running): Rollouts => {
  const { signal } = new AbortController();
  let live: ReadonlyMap<string, ClusterObject> = new Map();

  /** Whatever goes does so first, and all else is written in the order of names, without waiting for anything. */
  const written = async (wanted: readonly KubernetesObject[]): Promise<void> => {
    const names = new Set(wanted.map(nameOf));
    await cluster.removed([...live].filter(([name]) => !names.has(name)).map(([, object]) => object));
    const sorted = byName(wanted);
    const stored = await cluster.written(sorted);
    live = new Map(sorted.map((object, index) => [nameOf(object), stored[index]!]));
  };

  const isThere = (objects: readonly KubernetesObject[]): boolean =>
    objects.length === live.size &&
    objects.every((object) => {
      const found = live.get(nameOf(object));
      return found !== undefined && saysTheSame(asWritten(found, cluster.labels), object);
    });

  return {
    async rolledOut({ before, after, calls }, order) {
      if (!isThere(before)) await written(before);
      await cluster.settling.settled(
        [...live.values()].map((object) => ({
          ref: refOf(object),
          resourceVersion: object.metadata.resourceVersion,
        })),
        signal,
      );
      await rig.settle();
      const aged = before.toSorted((a, b) => byAge(live.get(nameOf(a))!, live.get(nameOf(b))!));
      const { value: plan } = rolloutPlan(aged, after, { graph, platform });
      if (plan?.kind !== "safe") return undefined;

      await skewed(rig, seed);
      const traffic = steadyTraffic(calls, lab.send);
      try {
        await sleep(1000);
        if (order === "planned") {
          const { api, labels, settling } = cluster;
          const rolling = rollout(live, { api, labels, settling, log: silent });
          live = rolling.live;
          await rolling.tried(
            plan.steps.flatMap(({ writes }) => writes),
            signal,
          );
          await rolling.carriedOut(plan.steps, signal);
          await sleep(1000);
        } else {
          await written(after);
          await sleep(mostSkewMs + 2000);
        }
      } finally {
        await skewed(rig, undefined);
      }
      return { ...(await traffic.stop()), steps: order === "planned" ? plan.steps.length : 1 };
    },
    close: () => cluster.removed(live.values()),
  };
};

/** Each proxy hears of everything later than istiod says it, by a time of its own; at once without a seed. */
const skewed = async ({ plane, workloads }: Rig<SkewedIstiod>, seed: number | undefined): Promise<void> => {
  const choices = random(seed ?? 0);
  for (const { address, proxy } of workloads())
    if (proxy !== undefined) await plane.delayed(address, seed === undefined ? 0 : choices.below(mostSkewMs + 1));
};
