import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log/log.ts";
import { backoff } from "./source/backoff.ts";
import { SourceError, type Source } from "./source/source.ts";

/** Returns when the branch is somewhere else. */
export const moved = async (
  commit: string,
  { source, intervalMs }: { readonly source: Source; readonly intervalMs: number },
  signal: AbortSignal,
  log: Log,
): Promise<void> => {
  await sleep(intervalMs, undefined, { signal });
  let failures = 0;
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
      await sleep(backoff(failures, error), undefined, { signal });
    }
  }
};
