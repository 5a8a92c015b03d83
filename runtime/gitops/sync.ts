import { setTimeout as sleep } from "node:timers/promises";
import type { Platform } from "../../lib/graph/platform.ts";
import { nameOf } from "../../targets/istio/object.ts";
import { stackOf, type Log } from "../log/log.ts";
import type { ClusterApi, ObjectRef } from "./cluster/index.ts";
import { drift } from "./drift.ts";
import { PassFailure } from "./failure.ts";
import { applySet, type ApplySet } from "./inventory/index.ts";
import { passed, type Consent, type Passed, type PassOptions } from "./pass.ts";
import { labelled, type Held } from "./record.ts";
import type { Rollout } from "./rollout/carried-out.ts";
import type { Settling } from "./rollout/settled.ts";
import { backoff } from "./source/backoff.ts";
import { SourceError, type Fetched, type Source } from "./source/source.ts";
import { absent } from "./spec/followed.ts";
import { passReport, type Reporter } from "./status/index.ts";
import { moved } from "./moved.ts";
import { kept } from "./unchanged.ts";
import type { CompileOptions } from "./wanted.ts";

/** What a pass is made by. */
export interface Orders {
  readonly source: Source;
  readonly settling: (api: ClusterApi, platform: Platform) => Settling;
  readonly compile: CompileOptions;
  readonly consent: Consent;
  /** How often the branch is asked for. */
  readonly intervalMs: number;
}

/** Whoever gives orders: flags, or a MeshSync. */
export interface Ordering {
  /** As they are at this moment. Rejects with a `PassFailure`, or a `SourceError`, where they cannot be carried out. */
  readonly orders: (signal: AbortSignal) => Promise<Orders>;
  /** Resolves when there are others than those that were given last; also when the signal aborts. */
  readonly changed: (signal: AbortSignal) => Promise<void>;
}

export interface SyncOptions {
  readonly ordering: Ordering;
  readonly api: ClusterApi;
  /** The parent of the inventory. */
  readonly parent: ObjectRef;
  readonly version: string;
  readonly reporter: Reporter;
  readonly log: Log;
}

const inventoryOf = ({ api, parent, version }: Pick<SyncOptions, "api" | "parent" | "version">): ApplySet =>
  applySet({ api, parent, tooling: { name: "mesh-sync", version } });

/** Of a pass all that the API server is asked goes through `api`: a leader's ends with its term. */
export const passOptions = (
  options: Pick<SyncOptions, "api" | "parent" | "version" | "log">,
  { settling, compile, consent }: Omit<Orders, "source" | "intervalMs">,
): PassOptions => ({
  api: options.api,
  inventory: inventoryOf(options),
  settling: (platform) => settling(options.api, platform),
  compile,
  consent,
  log: options.log,
});

/** One pass, reported. Rejects with the `PassFailure` that was reported, or with the signal's reason. */
export const syncedOnce = async (
  options: SyncOptions,
  signal: AbortSignal,
  /** What is in force of ours, as far as it is known: read by nobody, and brought up to date as objects are written. */
  held = new Map<string, Held>(),
): Promise<{ readonly pass: Passed; readonly orders: Orders }> => {
  const { api, ordering, reporter } = options;
  const started = performance.now();
  let fetched: Fetched | undefined;
  let forms: Rollout["forms"] = new Map();
  try {
    const orders = await ordering.orders(signal);
    const fetching = orders.source.fetched(signal).then((found) => (fetched = found));
    const passing = passOptions(options, orders);
    const { labels } = passing.inventory;
    const keeps: PassOptions["keeps"] = (unchanged, within) => {
      return kept(unchanged, { api, labels, held, healed: reporter.healed, signal: within });
    };
    const begins: PassOptions["begins"] = (written) => {
      forms = written;
    };
    const pass = await passed(fetching, { ...passing, keeps, begins }, signal);
    held.clear();
    for (const object of pass.wanted) {
      const stored = pass.live.get(nameOf(object));
      if (stored !== undefined) held.set(nameOf(object), { wanted: labelled(object, labels), stored });
    }
    await reporter.passed(passReport(pass, performance.now() - started));
    return { pass, orders };
  } catch (error) {
    // A rollout that failed half way goes on from where it is: what it wrote is kept as it was written, and not set back.
    for (const [name, form] of forms)
      if (form === undefined) held.delete(name);
      else held.set(name, form);
    signal.throwIfAborted();
    const failure = asFailure(error);
    // Whoever takes the object away that says what to do wants nothing done any more.
    if (failure.reason === absent) held.clear();
    await reporter.failed(failure, fetched?.commit);
    throw failure;
  }
};

/**
 * Passes until the signal aborts: whenever the branch has another commit, there are other orders, or somebody claims what is ours; and
 * again after a failure, later each time. In between what was written is kept as it is.
 */
export const synced = async (options: SyncOptions, signal: AbortSignal): Promise<void> => {
  const { api, ordering, reporter, log } = options;
  const drifting = drift({ api, selector: inventoryOf(options).selector, reporter, log });
  const held = new Map<string, Held>();
  let failures = 0;
  for (;;) {
    signal.throwIfAborted();
    let done: Awaited<ReturnType<typeof syncedOnce>> | undefined;
    let waitMs = 0;
    try {
      done = await syncedOnce(options, signal, held);
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      waitMs = backoff(failures, error as PassFailure);
    }
    const isOver = new AbortController();
    const until = AbortSignal.any([signal, isOver.signal]);
    const claims = Promise.withResolvers<void>();
    // What a pass has found to be claimed it will find again: that is for its time.
    const claimed = done === undefined ? () => undefined : claims.resolve;
    const all = [
      done === undefined
        ? sleep(waitMs, undefined, { signal: until })
        : moved(done.pass.commit, done.orders, until, log),
      ordering.changed(until),
      drifting.watched(held, claimed, until),
    ];
    try {
      await Promise.race([all[0], all[1], claims.promise]);
    } finally {
      isOver.abort();
      await Promise.allSettled(all);
    }
  }
};

const asFailure = (error: unknown): PassFailure => {
  if (error instanceof PassFailure) return error;
  if (error instanceof SourceError)
    return new PassFailure("Fetched", camel(error.reason), error.message, error.retryAfterMs);
  return new PassFailure("Planned", "Internal", stackOf(error));
};

const camel = (words: string): string =>
  words.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
