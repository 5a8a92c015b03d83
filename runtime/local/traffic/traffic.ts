import type { Flow, Total } from "./flows.ts";

/** A flow as it is now. */
export interface Measured extends Flow {
  readonly perSecond: number;
}

interface Interval {
  readonly from: number;
  readonly to: number;
  readonly increases: ReadonlyMap<string, { readonly flow: Flow; readonly count: number }>;
}

interface Known {
  readonly at: number;
  readonly totals: ReadonlyMap<string, Total>;
  readonly intervals: readonly Interval[];
}

/** Long enough that shares of a few requests a second stand still, short enough that a change is seen. */
const windowMs = 5000;

/** Makes rates of what proxies have counted since they began; times are in milliseconds. */
export class Traffic {
  readonly #known = new Map<string, Known>();
  readonly #silent = new Set<string>();

  /** What a proxy has counted by now. */
  answered(proxy: string, all: readonly Total[], at: number): void {
    this.#silent.delete(proxy);
    const now = summed(all);
    const before = this.#known.get(proxy);
    const kept = (before?.intervals ?? []).filter(({ to }) => to > at - windowMs);
    const next = before === undefined ? undefined : interval(before, now, at);
    this.#known.set(proxy, { at, totals: now, intervals: next === undefined ? kept : [...kept, next] });
  }

  /** A proxy did not answer: what it said last becomes older, and is no longer said when it is too old. */
  unanswered(proxy: string): void {
    this.#silent.add(proxy);
  }

  /** Forgets those that are no longer part of the mesh. */
  keep(proxies: ReadonlySet<string>): void {
    for (const proxy of [...this.#known.keys(), ...this.#silent])
      if (!proxies.has(proxy)) {
        this.#known.delete(proxy);
        this.#silent.delete(proxy);
      }
  }

  /** Whose proxies did not answer when they were asked last. */
  silent(): readonly string[] {
    return [...this.#silent].sort();
  }

  /** What goes on now; flows that rest are left out. */
  measured(at: number): readonly Measured[] {
    return [...this.#known.values()].flatMap(({ intervals }) => {
      const recent = intervals.filter(({ to }) => to > at - windowMs);
      const seconds = recent.reduce((sum, { from, to }) => sum + to - from, 0) / 1000;
      const counts = new Map<string, { readonly flow: Flow; count: number }>();
      for (const { increases } of recent)
        for (const [key, { flow, count }] of increases) {
          const known = counts.get(key);
          if (known === undefined) counts.set(key, { flow, count });
          else known.count += count;
        }
      return [...counts.values()].map(({ flow, count }): Measured => ({ ...flow, perSecond: count / seconds }));
    });
  }
}

const keyOf = ({ from, service, port, to, mtls, outcome }: Flow): string =>
  JSON.stringify([from, service, port, to, mtls, outcome]);

const summed = (all: readonly Total[]): ReadonlyMap<string, Total> => {
  const found = new Map<string, Total>();
  for (const total of all) {
    const key = keyOf(total);
    found.set(key, { ...total, count: total.count + (found.get(key)?.count ?? 0) });
  }
  return found;
};

/**
 * What was counted between two answers. Undefined where a total fell: the proxy or one of its workers began anew, and how
 * many calls lie in between nobody knows; taken as an increase it would be a peak that never was.
 */
const interval = ({ at: from, totals }: Known, now: ReadonlyMap<string, Total>, to: number): Interval | undefined => {
  if (to <= from) return undefined;
  for (const [key, { count }] of totals) if ((now.get(key)?.count ?? 0) < count) return undefined;
  const increases = [...now].flatMap(([key, { count, ...flow }]) => {
    const more = count - (totals.get(key)?.count ?? 0);
    return more > 0 ? [[key, { flow, count: more }] as const] : [];
  });
  return { from, to, increases: new Map(increases) };
};
