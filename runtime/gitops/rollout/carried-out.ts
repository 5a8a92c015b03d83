import type { Write } from "../../../compiler/rollout/change.ts";
import type { Step } from "../../../compiler/rollout/step.ts";
import type { Log } from "../../log/log.ts";
import { ClusterError, type ClusterApi, type ClusterObject, type ObjectRef } from "../cluster/index.ts";
import { PassFailure } from "../failure.ts";
import { labelled, referenceTo, type Labels } from "../written.ts";
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
  /** Asks the API server about every form of every step, and stores nothing. Rejects with a `PassFailure` that says all refusals. */
  readonly tried: (steps: readonly Step[], signal: AbortSignal) => Promise<void>;
  /** One step after the other, each only when every proxy has all of the one before it. */
  readonly carriedOut: (steps: readonly Step[], signal: AbortSignal) => Promise<void>;
  readonly live: ReadonlyMap<string, ClusterObject>;
}

export const rollout = (found: ReadonlyMap<string, ClusterObject>, options: RolloutOptions): Rollout => {
  const { api, labels, settling, log } = options;
  const live = new Map(found);
  const isOurs = ({ metadata }: ClusterObject): boolean =>
    Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value);

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
          throw new Error(`${name} is another object by now, or another's`, { cause: error });
      }
    }
  };

  const written = async ({ name, before, after }: Write, signal: AbortSignal): Promise<Stored> => {
    const ref = referenceTo((after ?? before)!);
    if (after === undefined) {
      await removed(name, ref, false, signal);
      live.delete(name);
      return { ref, resourceVersion: undefined };
    }
    const stored = await api.apply(labelled(after, labels), { signal });
    live.set(name, stored);
    return { ref, resourceVersion: stored.metadata.resourceVersion };
  };

  return {
    live,
    tried: async (steps, signal) => {
      const writes = steps.flatMap((step) => step.writes);
      const outcomes = await Promise.allSettled(
        writes.map(({ name, before, after }) =>
          after === undefined
            ? removed(name, referenceTo(before!), true, signal)
            : api.apply(labelled(after, labels), { dryRun: true, signal }),
        ),
      );
      signal.throwIfAborted();
      const refused = outcomes.flatMap((outcome, index) =>
        outcome.status === "rejected" ? [{ name: writes[index]!.name, error: outcome.reason as unknown }] : [],
      );
      if (refused.length > 0) throw refusal(refused);
    },
    carriedOut: async (steps, signal) => {
      for (const [index, { phase, writes }] of steps.entries()) {
        const outcomes = await Promise.allSettled(writes.map((write) => written(write, signal)));
        signal.throwIfAborted();
        const refused = outcomes.flatMap((outcome, at) =>
          outcome.status === "rejected" ? [{ name: writes[at]!.name, error: outcome.reason as unknown }] : [],
        );
        if (refused.length > 0) throw refusal(refused);
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

const mostSaid = 10;

/** All refusals of a step in one: what must be there first before what is owned by others before what is wrong. */
const refusal = (refused: readonly { readonly name: string; readonly error: unknown }[]): PassFailure => {
  const kindOf = (error: unknown): string => (error instanceof ClusterError ? error.kind : "server");
  const reasons: Readonly<Record<string, string>> = {
    "no-such-kind": "Blocked",
    "not-found": "Blocked",
    conflict: "Conflict",
    invalid: "Invalid",
    forbidden: "Forbidden",
  };
  const order = Object.keys(reasons);
  const sorted = refused.toSorted((a, b) => rank(order, kindOf(a.error)) - rank(order, kindOf(b.error)));
  const first = sorted[0]!.error;
  const lines = sorted
    .slice(0, mostSaid)
    .map(({ name, error }) => `${name}: ${error instanceof Error ? error.message : String(error)}`);
  const more = sorted.length > mostSaid ? [`and ${sorted.length - mostSaid} more`] : [];
  return new PassFailure(
    "Applied",
    reasons[kindOf(first)] ?? "Unreachable",
    [...lines, ...more].join("\n"),
    first instanceof ClusterError ? first.retryAfterMs : undefined,
  );
};

const rank = (order: readonly string[], kind: string): number =>
  order.includes(kind) ? order.indexOf(kind) : order.length;
