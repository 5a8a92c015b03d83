import type { ObjectRef, Term } from "../../runtime/gitops/cluster/index.ts";
import type { Reporter } from "../../runtime/gitops/status/index.ts";
import type { Log } from "../../runtime/log/log.ts";
import type { addressAndPort } from "../arguments.ts";
import { instance } from "./instance.ts";

export interface Reporting {
  /** Writes for as long as the term lasts. */
  readonly reporter: (term: Term) => Reporter;
  /** Whether this is the one that writes. */
  readonly leads: (isLeader: boolean) => void;
  readonly close: () => Promise<void>;
}

/** Everybody who is told what becomes of commits. */
export const reporting = async ({
  admin,
  ...told
}: {
  readonly parent: ObjectRef;
  /** Of the MeshSync that is acted on. */
  readonly generation: () => number;
  readonly admin: ReturnType<typeof addressAndPort> | undefined;
  readonly log: Log;
}): Promise<Reporting> => {
  const { reporterOf, syncAdmin, syncMetrics } = await import("../../runtime/gitops/status/index.ts");
  const metrics = syncMetrics();
  const served = admin === undefined ? undefined : await syncAdmin(metrics, admin);
  return {
    reporter: ({ api, signal }) => reporterOf({ ...told, api, signal, instance: instance(), metrics }),
    leads: metrics.leads,
    close: async () => served?.close(),
  };
};
