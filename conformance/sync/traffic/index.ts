import { externalHost } from "../../../golden/random/intents.ts";
import type { ServiceGraph } from "../../../lib/graph/graph.ts";
import { carriesHttp } from "../../../lib/graph/protocol.ts";
import { istioLaboratory } from "../../istio/laboratory.ts";
import { meshConfig } from "../../istio/mesh-config.ts";
import { foundOnRig } from "../../laboratory/rigs.ts";
import { emptyMesh } from "../../rig/empty-mesh.ts";
import { rigRequirements } from "../../rig/requirements.ts";
import type { Rig } from "../../rig/rig.ts";
import type { Verdicts } from "../../suite.ts";
import { platform, rolloutCase } from "./cases.ts";
import { trafficCluster } from "./cluster.ts";
import { rollouts, type Order } from "./rollouts.ts";
import { settlingChecks } from "./settling.ts";
import { skewedIstiod, type SkewedIstiod } from "./skewed-istiod.ts";

/**
 * Of the first 150 of `randomPair` ten whose plans are safe both ways, and for whose calls the order of writes matters.
 * `MESHWRIGHT_ROLLOUTS` takes others (`54,112`).
 */
const seeds = (process.env["MESHWRIGHT_ROLLOUTS"] ?? "23,30,33,54,74,106,107,112,122,134").split(",").map(Number);

/** Less would show less. */
const leastPerSecond = 300;

/** Envoys say of each call why it failed: what breaks is looked up in their logs. */
const accessLogFormat =
  "[%START_TIME%] %REQ(:AUTHORITY)% %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %UPSTREAM_CLUSTER% %UPSTREAM_HOST% %DURATION%\n";

const config = `${meshConfig(platform, accessLogFormat)}
defaultHttpRetryPolicy:
  attempts: 0
`;

/** Connections end in their own time when a listener is replaced, as they do under Istio, which gives them longer. */
const drainSeconds = 8;
/** Of writes one soon after the other istiod makes pushes of their own, as where each takes somebody a while. */
const debounceAfter = "5ms";

/** Rollouts mostly wait, for proxies that are late: so many clusters at a time. */
const clusters = 2;

/** What became of the rollouts of one cluster. */
interface Tally {
  held: number;
  readonly brokenIn: Record<Order, string[]>;
  /** Of those that were planned. */
  readonly calls: { sent: number; ms: number };
}

/**
 * Under steady traffic and with every proxy behind by a time of its own, rollouts as they are planned break no call that both ends
 * agree on; the same objects applied in the order of their names break some in at least half of them, or the traffic shows nothing.
 */
export const trafficChecks = async (verdicts: Verdicts): Promise<void> => {
  const missing = rigRequirements();
  if (missing !== undefined) return verdicts.skip("rollouts under traffic", missing);
  const plane = skewedIstiod({ meshConfig: config, debounceAfter, envoy: { drainSeconds } });
  const outcomes = await Promise.allSettled(
    Array.from({ length: clusters }, (_, nth) => {
      const mine = seeds.filter((_, index) => index % clusters === nth);
      return foundOnRig(plane, `rollouts under traffic (${nth + 1} of ${clusters})`, verdicts, (rig) =>
        tallied(rig, mine, verdicts, { settling: nth === 0 }),
      );
    }),
  );
  const all = outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
  const sum = (of: (one: Tally) => number): number => all.reduce((before, one) => before + of(one), 0);
  const broken = (order: Order): readonly string[] => all.flatMap(({ brokenIn }) => brokenIn[order]);
  const held = sum((one) => one.held);
  const count = (order: Order): string =>
    `${broken(order).length} of ${held} rollouts ${order} break calls (${broken(order).join(", ") || "none"})`;
  verdicts.say(count("planned"));
  const perSecond = Math.round((sum(({ calls }) => calls.sent) / sum(({ calls }) => calls.ms)) * 1000);
  if (perSecond >= leastPerSecond) verdicts.pass(`${perSecond} calls a second while rollouts went on`);
  else verdicts.fail("steady traffic", `${perSecond} calls a second, not ${leastPerSecond}`);
  if (broken("by name").length >= held / 2) verdicts.pass(count("by name"));
  else verdicts.fail("the traffic shows what breaks", count("by name"));
};

const tallied = async (
  rig: Rig<SkewedIstiod>,
  seeds: readonly number[],
  verdicts: Verdicts,
  { settling }: { readonly settling: boolean },
): Promise<Tally> => {
  const lab = await istioLaboratory(rig, [externalHost], { emit: () => [] });
  const cluster = await trafficCluster(rig.plane);
  const all: Tally = { held: 0, brokenIn: { planned: [], "by name": [] }, calls: { sent: 0, ms: 0 } };
  try {
    for (const seed of seeds) {
      const { graph, ways } = rolloutCase(seed, lab.outside.address);
      if (ways.length === 0) verdicts.fail(`seed ${seed}`, "has no safe plan with anything to do");
      await lab.set(graph, emptyMesh);
      if (settling && all.held === 0) await settlingChecks(verdicts, rig, cluster, serviceHost(graph));
      all.held += ways.length;
      const here = rollouts(seed, graph, { rig, lab, cluster });
      for (const order of ["planned", "by name"] as const)
        for (const way of ways) {
          const name = `${way.name}, ${order}`;
          const seen = await here.rolledOut(way, order);
          if (seen === undefined) {
            verdicts.fail(name, "its plan is not safe in the order of the objects' age");
            continue;
          }
          const { sent, ms, broken, steps } = seen;
          const perSecond = Math.round((sent / ms) * 1000);
          verdicts.say(
            [
              `${name}: ${steps} steps, ${sent} calls, ${perSecond} a second, ${broken.length} broken`,
              ...broken.slice(0, 1),
            ].join("\n"),
          );
          if (broken.length > 0) all.brokenIn[order].push(way.name);
          if (order === "by name") continue;
          all.calls.sent += sent;
          all.calls.ms += ms;
          for (const why of broken.slice(0, 5)) verdicts.fail(name, why);
          if (broken.length === 0) verdicts.pass(`${name}: no call broke`);
        }
      await here.close();
    }
  } finally {
    await cluster.close();
  }
  return all;
};

/** A name that callers ask for with HTTP. */
const serviceHost = ({ services }: ServiceGraph): string => {
  const { name, namespace } = services.find(({ ports }) => ports.some(({ protocol }) => carriesHttp(protocol)))!;
  return `${name}.${namespace}.svc.cluster.local`;
};
