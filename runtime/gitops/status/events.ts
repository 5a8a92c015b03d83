import { randomBytes } from "node:crypto";
import { reasonOf, type Log } from "../../log/log.ts";
import { microTime, type ClusterApi, type ObjectRef } from "../cluster/index.ts";
import { bounded } from "./bounded.ts";

export interface EventWords {
  readonly type: "Normal" | "Warning";
  /** In CamelCase: why there is something to tell. */
  readonly reason: string;
  /** In CamelCase: what was done or tried. */
  readonly action: string;
  readonly note: string;
}

export interface EventsOptions {
  readonly api: Pick<ClusterApi, "apply">;
  readonly signal?: AbortSignal;
  /** What the Events are about. */
  readonly regarding: ObjectRef;
  /** Which replica tells it; at most 128 characters. */
  readonly instance: string;
  readonly log: Log;
  readonly now?: () => number;
  /** So many new Events at once, and one more after each `everyMs`. */
  readonly burst?: number;
  readonly everyMs?: number;
  /** What is told again is counted, and the count written so often at most. */
  readonly repeatMs?: number;
}

interface Told {
  readonly name: string;
  /** Of the first time. */
  readonly eventTime: string;
  count: number;
  writtenAt: number;
}

/** Bytes that the API server takes. */
const longestNote = 1024;
const longestInstance = 128;
/** The API server forgets Events after an hour where nothing else was asked of it. */
const forgottenMs = 3_000_000;
const mostRemembered = 200;

/**
 * events.k8s.io/v1. What is told again is the same Event with a count; and of what is new, no more than people can read.
 * Never rejects.
 */
export const events = (
  options: EventsOptions,
): { readonly tell: (words: EventWords, uid: string) => Promise<void> } => {
  const { api, regarding, log, now = Date.now, burst = 25, everyMs = 20_000, repeatMs = 60_000 } = options;
  const told = new Map<string, Told>();
  let left = burst;
  let filledAt = now();

  const isWithin = (): boolean => {
    left = Math.min(burst, left + (now() - filledAt) / everyMs);
    filledAt = now();
    if (left < 1) return false;
    left -= 1;
    return true;
  };
  const written = async ({ type, reason, action, note }: EventWords, uid: string, entry: Told): Promise<void> => {
    const { apiVersion, kind, name, namespace = "default" } = regarding;
    await api.apply(
      {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        metadata: { name: entry.name, namespace },
        eventTime: entry.eventTime,
        reportingController: "meshwright.dev/mesh-sync",
        reportingInstance: options.instance.slice(0, longestInstance),
        regarding: { apiVersion, kind, name, uid, ...(regarding.namespace === undefined ? {} : { namespace }) },
        type,
        reason,
        action,
        note: bounded(note, longestNote),
        ...(entry.count > 1 ? { series: { count: entry.count, lastObservedTime: microTime(now()) } } : {}),
      },
      { ...(options.signal !== undefined && { signal: options.signal }) },
    );
  };

  return {
    async tell(words, uid) {
      try {
        for (const [key, { writtenAt }] of told) if (now() - writtenAt > forgottenMs) told.delete(key);
        const key = JSON.stringify([words, uid]);
        const known = told.get(key);
        if (known !== undefined) {
          known.count += 1;
          if (now() - known.writtenAt < repeatMs) return;
          await written(words, uid, known);
          known.writtenAt = now();
          return;
        }
        if (!isWithin()) return;
        const at = now();
        const entry = {
          name: `${regarding.name.slice(0, 200).replace(/[^a-z0-9]+$/, "")}.${at.toString(16)}${randomBytes(4).toString("hex")}`,
          eventTime: microTime(at),
          count: 1,
          writtenAt: at,
        };
        await written(words, uid, entry);
        if (told.size >= mostRemembered) told.delete(told.keys().next().value ?? "");
        told.set(key, entry);
      } catch (error) {
        log({ level: "warn", event: "event not written", reason: reasonOf(error) });
      }
    },
  };
};
