import { install } from "../rig/install.ts";
import type { Suite } from "../suite.ts";
import { built } from "../xds/built.ts";
import { clusterConformance } from "./cluster.ts";
import { installConformance } from "./install.ts";
import { drift } from "./program/drift.ts";
import { faults } from "./program/faults.ts";
import { meshSyncs } from "./program/mesh-sync.ts";
import { kills } from "./program/kills.ts";
import { outages } from "./program/outages.ts";
import { passes } from "./program/passes.ts";
import { foreign } from "./program/scene.ts";
import { stage, type Stage } from "./program/stage.ts";
import { typesOfTrees } from "./program/types.ts";
import { trafficChecks } from "./traffic/index.ts";
import { tourConformance } from "./tour.ts";

/** mesh-sync as it is published, on real API servers and Git servers on loopback. */
export const syncConformance: Suite = async (verdicts) => {
  const tools = await install();
  const program = built("mesh-sync");
  const staged = async (parts: (set: Stage) => Promise<void>): Promise<void> => {
    const set = await stage(tools, program);
    try {
      await parts(set);
    } finally {
      await set.stop();
    }
  };
  // All of them mostly wait: for leases, for answers that do not come, for whoever is fought with, for proxies that are late.
  const outcomes = await Promise.allSettled([
    staged(async (set) => {
      await passes(verdicts, set);
      await typesOfTrees(verdicts, set);
      await kills(verdicts, set);
      await faults(verdicts, set);
    }),
    clusterConformance(verdicts)
      .then(() =>
        staged(async (set) => {
          await set.server.kube.apply([foreign]);
          await drift(verdicts, set);
          await outages(verdicts, set);
          await meshSyncs(verdicts, set);
        }),
      )
      .then(() => installConformance(verdicts)),
    trafficChecks(verdicts),
  ]);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  // It builds anew what the others run.
  await tourConformance(verdicts);
};
