/** A repeatable stream of choices (mulberry32): equal seeds choose alike on every machine. */
export interface Random {
  /** A whole number from 0 up to, but not including, `below`. */
  readonly below: (below: number) => number;
  readonly chance: (percent: number) => boolean;
  readonly one: <T>(of: readonly T[]) => T;
  /** `count` different ones, in their order. */
  readonly some: <T>(of: readonly T[], count: number) => readonly T[];
}

export const random = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    chance: (percent) => next() * 100 < percent,
    one: (of) => of[below(of.length)]!,
    some: (of, count) => {
      const left = of.map((_, index) => index);
      const taken: number[] = [];
      while (taken.length < count && left.length > 0) taken.push(...left.splice(below(left.length), 1));
      return taken.sort((a, b) => a - b).map((index) => of[index]!);
    },
  };
};

/** Streams of choices by what is chosen: whether there are any more of one does not change those of another. */
export type Streams = (of: string) => Random;

/** A feature that comes later draws from a stream of its own, so that the meshes of known seeds keep what they had. */
export const streams = (seed: number): Streams => {
  const known = new Map<string, Random>();
  return (of) => {
    const stream =
      known.get(of) ?? random([...of].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 0x01000193), seed));
    known.set(of, stream);
    return stream;
  };
};
