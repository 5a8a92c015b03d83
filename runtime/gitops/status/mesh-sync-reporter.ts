import { reasonOf, type Log } from "../../log/log.ts";
import type { ClusterApi, ClusterObject, ObjectRef } from "../cluster/index.ts";
import type { Stage } from "../failure.ts";
import { conditionOf, isSameStatus, statusAfter, statusIn, type MeshSyncStatus } from "./mesh-sync-status.ts";
import type { Outcome } from "./conditions.ts";
import { events, type EventWords } from "./events.ts";
import { written, type Reporter } from "./reporter.ts";
import { healedWords, rolledOut } from "./words.ts";

export interface MeshSyncReporterOptions {
  /** Of the leader: two that write one status would undo each other's words. */
  readonly api: Pick<ClusterApi, "get" | "apply">;
  /** Of its term: nothing is written after that. */
  readonly signal: AbortSignal;
  /** A MeshSync. */
  readonly parent: ObjectRef;
  /** `metadata.generation` of the spec that passes are made by. */
  readonly generation: () => number;
  /** Which replica this is, for people: a pod's name. */
  readonly instance: string;
  readonly log: Log;
  readonly now?: () => number;
}

/**
 * Conditions and counts on the MeshSync's status, and Events about it. A status that says the same already is not written. INVARIANT:
 * no message is shown here that may hold a secret: those of failures hold none.
 */
export const meshSyncReporter = (options: MeshSyncReporterOptions): Reporter => {
  const { api, signal, parent, log, now = Date.now } = options;
  const { tell } = events({ ...options, regarding: parent });

  /** As of the last look; a thousand healings are not worth as many looks. */
  let uid: string | undefined;
  /** Undefined, and said, where it cannot be had. */
  const found = async (): Promise<ClusterObject | undefined> => {
    const object = await api.get(parent, { signal });
    uid = object?.metadata.uid;
    if (object === undefined) log({ level: "warn", event: "status not written", reason: "the MeshSync is not there" });
    return object;
  };
  const stored = async (object: ClusterObject, status: MeshSyncStatus): Promise<void> => {
    const { apiVersion, kind, name } = parent;
    const namespace = parent.namespace === undefined ? {} : { namespace: parent.namespace };
    await api.apply(
      // Another one of its name that came meanwhile is told nothing.
      { apiVersion, kind, metadata: { name, ...namespace, uid: object.metadata.uid }, status },
      { subresource: "status", signal },
    );
  };
  const reported = async (outcome: Outcome): Promise<void> => {
    const object = await found();
    if (object === undefined) return;
    const before = statusIn(object.status);
    const after = statusAfter(before, outcome, { generation: options.generation(), now: new Date(now()) });
    try {
      if (!isSameStatus(before, after)) await stored(object, after);
    } catch (error) {
      log({ level: "warn", event: "status not written", reason: reasonOf(error) });
    }
    const { uid: ofThisOne } = object.metadata;
    if (outcome.kind === "failed") {
      const { stage, reason, message } = outcome.failure;
      const [was, is] = [conditionOf(before, stage), conditionOf(after, stage)];
      const isNews =
        was?.status !== "False" ||
        was.reason !== is?.reason ||
        was.message !== is.message ||
        before.attempted !== after.attempted;
      if (isNews) await tell({ type: "Warning", reason, action: actions[stage], note: message }, ofThisOne);
      return;
    }
    const { pass } = outcome;
    if (written(pass.writes) > 0)
      await tell({ type: "Normal", reason: "RolledOut", action: "RollOut", note: rolledOut(pass) }, ofThisOne);
    else if (conditionOf(before, "Ready")?.status === "False")
      await tell(
        { type: "Normal", reason: "Recovered", action: "Pass", note: `commit ${pass.commit} is in force` },
        ofThisOne,
      );
  };

  /** One after the other: each begins with what the one before has stored. */
  let last: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    last = last
      .then(work)
      .catch((error: unknown) => log({ level: "warn", event: "status not written", reason: reasonOf(error) }));
    return last;
  };
  const told = (words: EventWords): Promise<void> =>
    inTurn(async () => {
      uid ??= (await found())?.metadata.uid;
      if (uid !== undefined) await tell(words, uid);
    });

  return {
    passed: (pass) => inTurn(() => reported({ kind: "passed", pass })),
    failed: (failure, commit) => inTurn(() => reported({ kind: "failed", failure, commit })),
    healed: (healing) =>
      told({
        type: "Warning",
        reason: "DriftHealed",
        action: "Heal",
        note: `${healedWords(healing)}, and is as it was again`,
      }),
    fought: (healing) =>
      told({
        type: "Warning",
        reason: "DriftGoesOn",
        action: "HealLater",
        // Without the count, which differs each time: the Event has its own.
        note: `${healedWords(healing)} again and again: it is healed less often from here on`,
      }),
  };
};

const actions: Readonly<Record<Stage, string>> = {
  Fetched: "Fetch",
  Compiled: "Compile",
  Planned: "Plan",
  Applied: "Apply",
  Settled: "Settle",
};
