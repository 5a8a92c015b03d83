import { hostname } from "node:os";
import type { ClusterApi, ObjectRef } from "../../runtime/gitops/cluster/index.ts";
import type { Reporter } from "../../runtime/gitops/status/index.ts";
import type { Log } from "../../runtime/log/log.ts";
import type { addressAndPort } from "../arguments.ts";

export interface Reporting {
  readonly reporter: Reporter;
  /** Whether this is the one that writes. */
  readonly leads: (isLeader: boolean) => void;
  readonly close: () => Promise<void>;
}

/** Everybody who is told what becomes of commits. */
export const reporting = async ({
  api,
  parent,
  admin,
  log,
}: {
  readonly api: ClusterApi;
  readonly parent: ObjectRef;
  readonly admin: ReturnType<typeof addressAndPort> | undefined;
  readonly log: Log;
}): Promise<Reporting> => {
  const { reporterOf, syncAdmin, syncMetrics } = await import("../../runtime/gitops/status/index.ts");
  const metrics = syncMetrics();
  const generation = parent.kind === "MeshSync" ? ((await api.get(parent))?.metadata.generation ?? 0) : 0;
  const served = admin === undefined ? undefined : await syncAdmin(metrics, admin);
  return {
    reporter: reporterOf({ api, parent, generation: () => generation, instance: hostname(), log, metrics }),
    leads: metrics.leads,
    close: async () => served?.close(),
  };
};
