import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError, type ClusterErrorKind } from "../api.ts";

export interface Retries {
  /** In all, the first one counted. */
  readonly attempts?: number;
  /** Before the second attempt; doubled for each that follows. */
  readonly firstMs?: number;
  readonly longestMs?: number;
  /** A longer wait that the API server asks for is left to the caller. */
  readonly longestAskedMs?: number;
}

const passing: readonly ClusterErrorKind[] = ["busy", "unreachable", "server"];

/** Tries again what may pass by itself, after a wait that the API server named or that grows; the last failure when it never does. */
export const retried = async <T>(
  attempt: () => Promise<T>,
  retries: Retries,
  signal: AbortSignal | undefined,
  waiting: (error: ClusterError, ms: number) => void = () => undefined,
): Promise<T> => {
  const { attempts = 5, longestAskedMs = 30_000 } = retries;
  for (let made = 1; ; made += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ClusterError) || !passing.includes(error.kind) || made >= attempts) throw error;
      if ((error.retryAfterMs ?? 0) > longestAskedMs) throw error;
      const ms = Math.max(error.retryAfterMs ?? 0, backOffMs(made, retries));
      waiting(error, ms);
      await pause(ms, signal);
    }
  }
};

/** Half of it by chance: those that failed together do not come back together. */
export const backOffMs = (failures: number, { firstMs = 200, longestMs = 5000 }: Retries): number => {
  const most = Math.min(longestMs, firstMs * 2 ** (failures - 1));
  return most / 2 + (Math.random() * most) / 2;
};

/** Rejects with the signal's own reason. */
export const pause = async (ms: number, signal: AbortSignal | undefined): Promise<void> => {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    throw signal?.reason;
  }
};
