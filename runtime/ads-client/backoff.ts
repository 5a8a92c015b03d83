const [shortestMs, longestMs] = [1000, 30_000];

/**
 * How long to wait before the next attempt: longer with each failure in a row, and at random between half of that and all of
 * it, so that those whom one control plane left do not come back in the same moment.
 */
export const backoffMs = (failures: number, random = Math.random): number =>
  Math.min(longestMs, shortestMs * 2 ** failures) * (0.5 + random() / 2);
