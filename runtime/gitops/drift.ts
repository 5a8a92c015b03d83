import type { Log } from "../log/log.ts";
import {
  ClusterError,
  fieldManager,
  hasDrifted,
  type ClusterApi,
  type ClusterObject,
  type ObjectKind,
  type WatchEvent,
  type WantedObject,
} from "./cluster/index.ts";
import type { Healing, Reporter } from "./status/reporter.ts";

/** One object of ours: what was asked for, and the API server's answer to it. */
export interface Held {
  readonly wanted: WantedObject;
  readonly stored: ClusterObject;
}

export interface DriftOptions {
  readonly api: Pick<ClusterApi, "apply" | "list" | "watch">;
  /** Selects what is ours. */
  readonly selector: string;
  readonly reporter: Pick<Reporter, "healed" | "fought">;
  readonly log: Log;
}

/** Keeps what is ours as it is. */
export interface Drift {
  /** Watches until the signal aborts. Resolves then; never rejects. */
  readonly watched: (held: ReadonlyMap<string, Held>, signal: AbortSignal) => Promise<void>;
}

/** So often in a minute an object is healed at once; after that each time later. */
const mostAMinute = 5;
const longestMs = 300_000;
const againMs = 1000;

/**
 * Watches the kinds of our objects. What somebody changed of what we own, or deleted, is applied again: with force, which takes only
 * fields that an apply of ours had before, and leaves others' alone. Whoever keeps at it is given way more and more.
 */
export const drift = ({ api, selector, reporter, log }: DriftOptions): Drift => ({
  watched: async (held, signal) => {
    const kinds = [
      ...new Map(
        [...held.values()].map(({ wanted: { apiVersion, kind } }): [string, ObjectKind] => [
          `${apiVersion} ${kind}`,
          { apiVersion, kind },
        ]),
      ).values(),
    ];
    const current = new Map(held);
    const healings = new Map<string, number[]>();
    const running = new Map<string, Promise<void>>();

    const healed = async (name: string, what: Healing["what"], live: ClusterObject | undefined): Promise<void> => {
      const healing: Healing = { name, what, by: managersOf(live) };
      for (let attempt = 0; !signal.aborted; attempt += 1) {
        const times = (healings.get(name) ?? []).filter((at) => performance.now() - at < 60_000);
        if (times.length >= mostAMinute) {
          await reporter.fought(healing, times.length);
          await waited(Math.min(longestMs, 2 ** (times.length - mostAMinute) * 10_000), signal);
        }
        healings.set(name, [...times, performance.now()]);
        const of = current.get(name);
        if (of === undefined) return;
        try {
          const stored = await api.apply(of.wanted, { force: true, signal });
          current.set(name, { ...of, stored });
          return await reporter.healed(healing);
        } catch (error) {
          if (signal.aborted) return;
          log({ level: "error", event: "not healed", object: name, reason: (error as Error).message });
          if (error instanceof ClusterError && (error.kind === "invalid" || error.kind === "forbidden")) return;
          await waited(Math.min(longestMs, againMs * 2 ** attempt), signal);
        }
      }
    };
    const seen = (object: ClusterObject, isGone: boolean): void => {
      const name = nameOf(object);
      const of = current.get(name);
      if (of === undefined || running.has(name)) return;
      if (!isGone && !hasDrifted(of.stored, object, fieldManager)) return;
      // An older sight than what we stored says nothing of it.
      if (!isGone && isOlder(object, of.stored)) return;
      const done = healed(name, isGone ? "deleted" : "changed", object).finally(() => running.delete(name));
      running.set(name, done);
    };
    const told = (kind: ObjectKind, event: WatchEvent): void => {
      if (event.type !== "RELISTED") return seen(event.object, event.type === "DELETED");
      const names = new Set(event.items.map(nameOf));
      for (const item of event.items) seen(item, false);
      for (const [name, { wanted, stored }] of current)
        if (wanted.kind === kind.kind && !names.has(name)) seen(stored, true);
    };
    await Promise.all(
      kinds.map(async (kind) => {
        while (!signal.aborted)
          try {
            const { items, resourceVersion } = await api.list(kind, { labelSelector: selector, signal });
            told(kind, { type: "RELISTED", items });
            await api.watch(kind, { labelSelector: selector, from: resourceVersion, signal }, (event) =>
              told(kind, event),
            );
          } catch (error) {
            if (signal.aborted) break;
            log({ level: "warn", event: "not watched", kind: kind.kind, reason: (error as Error).message });
            await waited(5000, signal);
          }
      }),
    );
    await Promise.all(running.values());
  },
});

const nameOf = ({ kind, metadata }: Pick<ClusterObject, "kind" | "metadata">): string =>
  `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;

/** Versions of one etcd only grow; they are decimal numbers (Kubernetes, KEP-5504). */
const isOlder = (a: ClusterObject, b: ClusterObject): boolean => {
  const [x, y] = [a.metadata.resourceVersion, b.metadata.resourceVersion];
  return x.length < y.length || (x.length === y.length && x < y);
};

const managersOf = (live: ClusterObject | undefined): readonly string[] => [
  ...new Set(
    (live?.metadata.managedFields ?? []).flatMap(({ manager }) =>
      manager === undefined || manager === fieldManager ? [] : [manager],
    ),
  ),
];

const waited = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
