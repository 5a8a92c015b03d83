import { setTimeout as sleep } from "node:timers/promises";

/** What a promise comes to, or what `late` does after so many milliseconds. Sockets and processes of a rig keep nobody alive; this does. */
export const inTime = async <T, L>(promise: Promise<T>, ms: number, late: () => L): Promise<T | L> => {
  const over = new AbortController();
  try {
    return await Promise.race([promise, sleep(ms, undefined, { signal: over.signal }).then(late)]);
  } finally {
    over.abort();
  }
};

/** For `late`, where that is wrong. */
export const tooLate = (why: string) => (): never => {
  throw new Error(why);
};
