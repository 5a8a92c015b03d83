/** How many requests somebody may make: `burst` at once, then `perSecond`. Whoever makes more waits. */
export interface Pace {
  /** Counts one request; milliseconds until the next may be taken, 0 where it may be now. */
  readonly taken: (now: number) => number;
}

export const pace = ({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }): Pace => {
  let left = burst;
  let at: number | undefined;
  return {
    taken: (now) => {
      left = Math.min(burst, left + ((now - (at ?? now)) / 1000) * perSecond) - 1;
      at = now;
      return left >= 0 ? 0 : Math.ceil((-left / perSecond) * 1000);
    },
  };
};
