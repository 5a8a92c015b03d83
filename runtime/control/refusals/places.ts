import type { Origin } from "../../../lib/diagnostics/origin.ts";
import type { Span } from "../../../lib/diagnostics/span.ts";
import { placeOf } from "../../diagnostics/kept.ts";
import type { Source } from "../source/source.ts";

/** Where authored values stand, asked by many at once about the same few. */
export interface Places {
  /** `bookinfo/reviews.ts:12:5`, sorted; empty where nobody wrote it, or it was not found. Never rejects. */
  readonly of: (origins: readonly Origin[]) => Promise<readonly string[]>;
  /** Forgets all: what was written may stand elsewhere now. */
  readonly moved: () => void;
}

/** Of one question so many are looked for, and so many answers are remembered. */
const mostAsked = 50;
const mostKnown = 5000;
/** What could not be looked for at all is tried again, but not for everybody who asks. */
const retryMs = 60_000;

interface Known {
  /** Undefined where it was not found. */
  readonly place: string | undefined;
  readonly until: number;
}

/**
 * To find a span is to evaluate policies again in a process of its own (docs/decisions/0002), and a thousand proxies refuse one bad
 * change in the same second: one evaluation runs at a time, for all that was asked until it began, and each answer stands.
 */
export const places = (spansOf: Source["spansOf"], failed: (error: unknown) => void): Places => {
  let known = new Map<string, Known>();
  let wanted = new Map<string, Origin>();
  let waiting: Promise<void> | undefined;
  let running: Promise<void> = Promise.resolve();

  const isUnknown = (key: string, from: ReadonlyMap<string, Known>): boolean =>
    (from.get(key)?.until ?? 0) <= performance.now();
  const learned = (key: string, one: Known, into: Map<string, Known>): void => {
    if (into.size >= mostKnown) into.delete(into.keys().next().value ?? "");
    into.set(key, one);
  };
  const looked = async (): Promise<void> => {
    const into = known;
    // Who asked while this was being looked for is answered by it.
    const asked = new Map([...wanted].filter(([key]) => isUnknown(key, into)));
    wanted = new Map();
    waiting = undefined;
    if (asked.size === 0) return;
    let spans: ReadonlyMap<Origin, Span> = new Map();
    let until = Number.POSITIVE_INFINITY;
    try {
      spans = await spansOf([...asked.values()]);
    } catch (error) {
      until = performance.now() + retryMs;
      failed(error);
    }
    for (const [key, origin] of asked) {
      const span = spans.get(origin);
      learned(key, { place: span && placeOf(span), until }, into);
    }
  };

  return {
    of: async (origins) => {
      const byKey = new Map(
        origins.map((origin) => [JSON.stringify([origin.module, ...origin.path]), origin] as const),
      );
      const keys = [...byKey.keys()].slice(0, mostAsked);
      const from = known;
      const missing = keys.filter((key) => isUnknown(key, from));
      for (const key of missing) wanted.set(key, byKey.get(key)!);
      if (missing.length > 0) await (waiting ??= running = running.then(looked));
      return [...new Set(keys.flatMap((key) => (known.get(key) ?? from.get(key))?.place ?? []))].sort();
    },
    moved: () => {
      known = new Map();
    },
  };
};
