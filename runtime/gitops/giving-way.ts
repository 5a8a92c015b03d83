/** So often in a minute an object is healed at once. */
const mostAMinute = 5;
const quietMs = 60_000;
const firstMs = 10_000;
const longestMs = 300_000;

interface Fight {
  /** When it was healed: the last ones. */
  readonly healed: readonly number[];
  /** How often since the last quiet minute. */
  readonly times: number;
  /** How often it was given way in a row. */
  readonly level: number;
}

/** How somebody who keeps changing an object of ours is met. */
export interface GivingWay {
  /**
   * Milliseconds to leave the object as somebody has it, who was just seen to have changed it: 0 for the first of a minute, then twice
   * as long each time, up to five minutes, until it was left alone for a minute after it was healed.
   */
  readonly waitMs: (name: string) => number;
  readonly healed: (name: string) => void;
  /** How often it was healed since it was left alone for a minute. */
  readonly times: (name: string) => number;
}

/** By object. `now` is in milliseconds. */
export const givingWay = (now: () => number = () => performance.now()): GivingWay => {
  const fights = new Map<string, Fight>();
  const none: Fight = { healed: [], times: 0, level: 0 };
  return {
    waitMs(name) {
      const fight = fights.get(name) ?? none;
      const { healed, level } = fight;
      if (now() - (healed.at(-1) ?? -Infinity) >= quietMs) {
        fights.delete(name);
        return 0;
      }
      if (level === 0 && healed.filter((at) => now() - at < quietMs).length < mostAMinute) return 0;
      fights.set(name, { ...fight, level: level + 1 });
      return Math.min(longestMs, firstMs * 2 ** level);
    },
    healed(name) {
      const { healed, times, level } = fights.get(name) ?? none;
      fights.set(name, { healed: [...healed, now()].slice(-mostAMinute), times: times + 1, level });
    },
    times: (name) => fights.get(name)?.times ?? 0,
  };
};
