import type { ClusterApi, ObjectRef } from "../../runtime/gitops/cluster/index.ts";
import type { Reporter } from "../../runtime/gitops/status/reporter.ts";
import type { Log } from "../../runtime/log/log.ts";
import type { addressAndPort } from "../arguments.ts";

export interface Reporting {
  readonly reporter: Reporter;
  /** Whether this is the one that writes. */
  readonly leads: (isLeader: boolean) => void;
  readonly close: () => Promise<void>;
}

/** Everybody who is told what becomes of commits. */
export const reporting = ({
  log,
}: {
  readonly api: ClusterApi;
  readonly parent: ObjectRef;
  readonly admin: ReturnType<typeof addressAndPort> | undefined;
  readonly log: Log;
}): Promise<Reporting> =>
  Promise.resolve({ reporter: logged(log), leads: () => undefined, close: () => Promise.resolve() });

const logged = (log: Log): Reporter => ({
  passed: (pass) => {
    const { commit, objects, writes, steps, milliseconds, warnings } = pass;
    log({ level: "info", event: "in force", commit, objects, writes, steps, milliseconds, warnings: warnings.length });
    return Promise.resolve();
  },
  failed: ({ stage, reason, message }, commit) => {
    log({ level: "error", event: "not in force", commit, stage, reason, message });
    return Promise.resolve();
  },
  healed: ({ name, what, by }) => {
    log({ level: "warn", event: "healed", object: name, what, by });
    return Promise.resolve();
  },
  fought: ({ name, by }, times) => {
    log({ level: "error", event: "fought over", object: name, by, times });
    return Promise.resolve();
  },
});
