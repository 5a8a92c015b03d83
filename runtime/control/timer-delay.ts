/** A time in milliseconds as node's timers take it: they end at 2^31, and a later one would run at once. */
export const timerDelay = (milliseconds: number): number => Math.min(Math.max(milliseconds, 0), 2 ** 31 - 1);
