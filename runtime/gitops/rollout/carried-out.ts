import type { Write } from "../../../compiler/rollout/change.ts";
import type { Step } from "../../../compiler/rollout/step.ts";
import type { Log } from "../../log/log.ts";
import {
  ClusterError,
  refOf,
  type ClusterApi,
  type ClusterObject,
  type ObjectRef,
  type WantedObject,
  type WriteOptions,
} from "../cluster/index.ts";
import { PassFailure } from "../failure.ts";
import { reclaimed } from "../reclaimed.ts";
import { labelled, recorded, type Held, type Labels } from "../record.ts";
import { unrefused } from "./refusal.ts";
import type { Settling, Stored } from "./settled.ts";

export interface RolloutOptions {
  readonly api: Pick<ClusterApi, "apply" | "remove" | "get">;
  /** What every object of ours carries. */
  readonly labels: Labels;
  readonly settling: Settling;
  readonly log: Log;
}

/** Carries out steps on objects as they were found; what it stored last of each is kept in `live`. */
export interface Rollout {
  /**
   * Asks the API server about every form that it has not been asked about yet, and stores nothing. Rejects with a `PassFailure` that
   * says all refusals.
   */
  readonly tried: (writes: readonly Write[], signal: AbortSignal) => Promise<void>;
  /** One step after the other, each only when every proxy has all of the one before it. */
  readonly carriedOut: (steps: readonly Step[], signal: AbortSignal) => Promise<void>;
  readonly live: ReadonlyMap<string, ClusterObject>;
  /** What was written since the start, in the form that was written last; undefined where that is not known, or it is gone. */
  readonly forms: ReadonlyMap<string, Held | undefined>;
}

export const rollout = (found: ReadonlyMap<string, ClusterObject>, options: RolloutOptions): Rollout => {
  const { api, labels, settling, log } = options;
  const live = new Map(found);
  const forms = new Map<string, Held | undefined>();
  const asked = new Set<string>();
  const isOurs = ({ metadata }: ClusterObject): boolean =>
    Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value);

  const applied = (
    wanted: WantedObject,
    options: Pick<WriteOptions, "dryRun" | "metadataOnly" | "signal">,
  ): Promise<ClusterObject> => reclaimed(api, wanted, (object) => recorded(object, labels), options);

  const removed = async (name: string, ref: ObjectRef, dryRun: boolean, signal: AbortSignal): Promise<void> => {
    let object = live.get(name);
    // Whoever writes a status makes a new version of an object that is still the one we mean.
    for (let attempt = 0; object !== undefined; attempt += 1) {
      const { uid, resourceVersion } = object.metadata;
      try {
        return await api.remove(ref, { uid, resourceVersion, dryRun, signal });
      } catch (error) {
        if (!(error instanceof ClusterError) || error.kind !== "conflict" || attempt === 5) throw error;
        object = await api.get(ref, { signal });
        if (object === undefined) return;
        if (object.metadata.uid !== uid || !isOurs(object))
          throw new ClusterError(`${name} is another object by now, or another's`, { kind: "conflict", cause: error });
      }
    }
  };

  const written = async ({ name, before, after }: Write, signal: AbortSignal): Promise<Stored> => {
    const ref = refOf((after ?? before)!);
    // An answer that is lost leaves it open.
    forms.set(name, undefined);
    if (after === undefined) {
      await removed(name, ref, false, signal);
      live.delete(name);
      return { ref, resourceVersion: undefined };
    }
    const wanted = labelled(after, labels);
    const stored = await applied(wanted, { signal });
    live.set(name, stored);
    forms.set(name, { wanted, stored });
    return { ref, resourceVersion: stored.metadata.resourceVersion };
  };

  return {
    live,
    forms,
    tried: async (all, signal) => {
      const writes = all.filter((write) => !asked.has(formOf(write)));
      for (const write of writes) asked.add(formOf(write));
      const outcomes = await Promise.allSettled(
        writes.map(({ name, before, after }) =>
          after === undefined
            ? removed(name, refOf(before!), true, signal)
            : applied(labelled(after, labels), { dryRun: true, metadataOnly: true, signal }),
        ),
      );
      signal.throwIfAborted();
      unrefused(
        writes.map(({ name }) => name),
        outcomes,
      );
    },
    carriedOut: async (steps, signal) => {
      for (const [index, { phase, writes }] of steps.entries()) {
        const outcomes = await Promise.allSettled(writes.map((write) => written(write, signal)));
        signal.throwIfAborted();
        unrefused(
          writes.map(({ name }) => name),
          outcomes,
        );
        log({ level: "info", event: "step written", step: index + 1, of: steps.length, phase, writes: writes.length });
        const stored = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
        await settling.settled(stored, signal).catch((error: unknown) => {
          signal.throwIfAborted();
          throw new PassFailure("Settled", "NotSettled", (error as Error).message);
        });
      }
    },
  };
};

const formOf = ({ name, after }: Write): string => `${name} ${JSON.stringify(after)}`;
