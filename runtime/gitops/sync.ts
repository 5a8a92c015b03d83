import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log/log.ts";
import type { ClusterApi, ObjectRef } from "./cluster/index.ts";
import { drift, type Held } from "./drift.ts";
import { PassFailure } from "./failure.ts";
import { applySet } from "./inventory/index.ts";
import { passed, type Consent, type Passed, type PassOptions } from "./pass.ts";
import type { Settling } from "./rollout/settled.ts";
import { backoff } from "./source/backoff.ts";
import { SourceError, type Fetched, type Source } from "./source/source.ts";
import { passReport, type Reporter } from "./status/index.ts";
import type { CompileOptions } from "./wanted.ts";
import { labelled } from "./written.ts";

export interface SyncOptions {
  readonly source: Source;
  readonly api: ClusterApi;
  /** The parent of the inventory. */
  readonly parent: ObjectRef;
  readonly version: string;
  readonly settling: (api: ClusterApi) => Settling;
  readonly compile: CompileOptions;
  readonly consent: Consent;
  readonly reporter: Reporter;
  readonly log: Log;
}

export interface LoopOptions extends SyncOptions {
  /** How often the branch is asked for. */
  readonly intervalMs: number;
}

/** Of a pass all that the API server is asked goes through `api`: a leader's ends with its term. */
export const passOptions = ({
  api,
  parent,
  version,
  settling,
  compile,
  consent,
  log,
  begins,
}: Omit<SyncOptions, "source" | "reporter"> & Pick<PassOptions, "begins">): PassOptions => ({
  api,
  inventory: applySet({ api, parent, tooling: { name: "mesh-sync", version } }),
  settling: settling(api),
  compile,
  consent,
  log,
  ...(begins !== undefined && { begins }),
});

/** One pass, reported. Rejects with the `PassFailure` that was reported, or with the signal's reason. */
export const syncedOnce = async (
  options: SyncOptions & Pick<PassOptions, "begins">,
  signal: AbortSignal,
): Promise<Passed> => {
  const { source, reporter } = options;
  const started = performance.now();
  let fetched: Fetched | undefined;
  try {
    fetched = await source.fetched(signal);
    const pass = await passed(fetched, passOptions(options), signal);
    await reporter.passed(passReport(pass, performance.now() - started));
    return pass;
  } catch (error) {
    signal.throwIfAborted();
    const failure = asFailure(error);
    await reporter.failed(failure, fetched?.commit);
    throw failure;
  }
};

/**
 * Passes until the signal aborts: whenever the branch has another commit, and again after a failure, later each time. In between what
 * was written is kept as it is.
 */
export const synced = async (options: LoopOptions, signal: AbortSignal): Promise<void> => {
  const { api, source, reporter, intervalMs, log } = options;
  const { labels, selector } = applySet({ api, parent: options.parent, tooling: { name: "mesh-sync", version: "" } });
  const drifting = drift({ api, selector, reporter, log });
  let last: Passed | undefined;
  let failures = 0;
  // A rollout that failed half way goes on from where it is: to heal what it changed would undo its steps, in no order that is safe.
  const begins = (): void => {
    last = undefined;
  };
  for (;;) {
    signal.throwIfAborted();
    let waitMs = intervalMs;
    try {
      last = await syncedOnce({ ...options, begins }, signal);
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      waitMs = Math.max(backoff(failures), (error as PassFailure).retryAfterMs ?? 0);
    }
    const isOver = new AbortController();
    const until = AbortSignal.any([signal, isOver.signal]);
    const watching = last === undefined ? undefined : drifting.watched(heldOf(last, labels), until);
    try {
      await moved(source, failures > 0 ? undefined : last?.commit, { waitMs, intervalMs, signal, log });
    } finally {
      isOver.abort();
      await watching;
    }
  }
};

/** Returns when there is something to do: the branch is somewhere else, or it is time to try again. */
const moved = async (
  source: Source,
  commit: string | undefined,
  {
    waitMs,
    intervalMs,
    signal,
    log,
  }: { readonly waitMs: number; readonly intervalMs: number; readonly signal: AbortSignal; readonly log: Log },
): Promise<void> => {
  await sleep(waitMs, undefined, { signal });
  let failures = 0;
  if (commit === undefined) return;
  for (;;) {
    try {
      if ((await source.fetched(signal)).commit !== commit) return;
      failures = 0;
      await sleep(intervalMs, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SourceError)) throw error;
      failures += 1;
      log({ level: "warn", event: "source not fetched", reason: error.message });
      // The pass reports it; what is in force stays so.
      if (failures === 3) return;
      await sleep(Math.max(backoff(failures), error.retryAfterMs ?? 0), undefined, { signal });
    }
  }
};

const heldOf = ({ wanted, live }: Passed, labels: Readonly<Record<string, string>>): ReadonlyMap<string, Held> =>
  new Map(
    wanted.flatMap((object) => {
      const name = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
      const stored = live.get(name);
      return stored === undefined ? [] : [[name, { wanted: labelled(object, labels), stored }] as const];
    }),
  );

const asFailure = (error: unknown): PassFailure => {
  if (error instanceof PassFailure) return error;
  if (error instanceof SourceError)
    return new PassFailure("Fetched", camel(error.reason), error.message, error.retryAfterMs);
  return new PassFailure(
    "Planned",
    "Internal",
    error instanceof Error ? (error.stack ?? error.message) : String(error),
  );
};

const camel = (words: string): string =>
  words.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
