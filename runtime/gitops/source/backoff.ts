import { heededMs } from "../longest-wish.ts";
import type { SourceError } from "./source.ts";

const first = 5_000;
const most = 300_000;

/**
 * Milliseconds to wait after `attempt` failures in a row (1 for the first): doubled from 5 s to 5 min, of which the latter
 * half is left to chance, so that many who failed together do not come back together. Never less than the server asked for.
 */
export const backoff = (
  attempt: number,
  error?: Pick<SourceError, "retryAfterMs">,
  random: () => number = Math.random,
): number => {
  const delay = Math.min(most, first * 2 ** Math.max(0, attempt - 1));
  const spread = (delay / 2) * random();
  return Math.round(Math.max(delay / 2 + spread, heededMs(error?.retryAfterMs ?? 0) + spread));
};
