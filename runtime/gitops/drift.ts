import { nameOf } from "../../targets/istio/object.ts";
import { reasonOf, type Log } from "../log/log.ts";
import {
  ClusterError,
  fieldManager,
  hasDrifted,
  isAtLeast,
  pause,
  type ClusterApi,
  type ClusterObject,
  type ObjectKind,
  type WatchEvent,
} from "./cluster/index.ts";
import { givingWay } from "./giving-way.ts";
import { reclaimed } from "./reclaimed.ts";
import { fieldsOf, managersOf, type Held } from "./record.ts";
import type { Healing } from "./status/healing.ts";
import type { Reporter } from "./status/reporter.ts";

export interface DriftOptions {
  readonly api: Pick<ClusterApi, "apply" | "get" | "list" | "watch">;
  /** Selects what is ours. */
  readonly selector: string;
  readonly reporter: Pick<Reporter, "healed" | "fought">;
  readonly log: Log;
}

/** An object as it was at some moment, or was when it was deleted. */
interface Sight {
  readonly object: ClusterObject;
  readonly isGone: boolean;
}

/** Keeps what is ours as it is. */
export interface Drift {
  /**
   * Watches until the signal aborts. Resolves then; never rejects. What it stores it puts into `held`. `claimed` is told that somebody
   * else has fields of ours, which stay theirs.
   */
  readonly watched: (held: Map<string, Held>, claimed: () => void, signal: AbortSignal) => Promise<void>;
}

const longestMs = 300_000;
const againMs = 1000;

/**
 * Watches the kinds of our objects. What somebody edited of what we own, or deleted, is applied again, which takes only fields that
 * an apply of ours had before, and leaves others' alone. Whoever keeps at it is given way more and more.
 */
export const drift = ({ api, selector, reporter, log }: DriftOptions): Drift => {
  const way = givingWay();
  return {
    watched: async (current, claimed, signal) => {
      const kinds = [
        ...new Map(
          [...current.values()].map(({ wanted: { apiVersion, kind } }): [string, ObjectKind] => [
            `${apiVersion} ${kind}`,
            { apiVersion, kind },
          ]),
        ).values(),
      ];
      const running = new Map<string, Promise<void>>();
      /** What was seen last of those that are being healed: looked at once they are. */
      const unlooked = new Map<string, Sight>();
      /** Whoever is slow to hear of it holds up nothing. */
      let told: Promise<unknown> = Promise.resolve();

      const healed = async (name: string, what: Healing["what"], live: ClusterObject): Promise<void> => {
        const healing: Healing = { name, what, by: managersOf(live) };
        const wayMs = way.waitMs(name);
        if (wayMs > 0) {
          told = Promise.all([told, reporter.fought(healing, way.times(name))]);
          await waited(wayMs, signal);
        }
        for (let attempt = 0; !signal.aborted; attempt += 1) {
          const of = current.get(name);
          if (of === undefined) return;
          try {
            const stored = await reclaimed(api, of.wanted, () => fieldsOf(of.wanted), { isTried: false, signal });
            current.set(name, { ...of, stored });
            way.healed(name);
            told = Promise.all([told, reporter.healed(healing)]);
            return;
          } catch (error) {
            if (signal.aborted) return;
            log({ level: "error", event: "not healed", object: name, reason: reasonOf(error) });
            if (error instanceof ClusterError && error.conflicts.length > 0) return claimed();
            if (error instanceof ClusterError && (error.kind === "invalid" || error.kind === "forbidden")) return;
            await waited(Math.min(longestMs, againMs * 2 ** attempt), signal);
          }
        }
      };
      const seen = (sight: Sight): void => {
        const { object, isGone } = sight;
        const name = nameOf(object);
        const of = current.get(name);
        if (of === undefined || signal.aborted) return;
        if (running.has(name)) return void unlooked.set(name, sight);
        // An older sight than what we stored says nothing of it.
        if (!isAtLeast(object.metadata.resourceVersion, of.stored.metadata.resourceVersion)) return;
        if (!isGone && !hasDrifted(of.stored, object, fieldManager)) return;
        const done = healed(name, isGone ? "deleted" : "changed", object).finally(() => {
          running.delete(name);
          const missed = unlooked.get(name);
          unlooked.delete(name);
          if (missed !== undefined) seen(missed);
        });
        running.set(name, done);
      };
      const looked = (kind: ObjectKind, namespace: string | undefined, event: WatchEvent): void => {
        if (event.type !== "RELISTED") return seen({ object: event.object, isGone: event.type === "DELETED" });
        const { items, resourceVersion } = event;
        const names = new Set(items.map(nameOf));
        for (const object of items) seen({ object, isGone: false });
        for (const [name, { wanted, stored }] of current)
          if (
            isOf(kind, wanted) &&
            (namespace ?? wanted.metadata.namespace) === wanted.metadata.namespace &&
            !names.has(name)
          )
            seen({ object: { ...stored, metadata: { ...stored.metadata, resourceVersion } }, isGone: true });
      };
      const followed = async (kind: ObjectKind, namespace?: string): Promise<void> => {
        const among = { labelSelector: selector, ...(namespace !== undefined && { namespace }), signal };
        while (!signal.aborted)
          try {
            const { items, resourceVersion } = await api.list(kind, among);
            looked(kind, namespace, { type: "RELISTED", items, resourceVersion });
            await api.watch(kind, { ...among, from: resourceVersion }, (event) => looked(kind, namespace, event));
          } catch (error) {
            if (signal.aborted) break;
            if (namespace === undefined && error instanceof ClusterError && error.kind === "forbidden")
              return void (await Promise.all(namespacesOf(kind, current).map((one) => followed(kind, one))));
            const reason = reasonOf(error);
            log({ level: "warn", event: "not watched", kind: kind.kind, namespace, reason });
            await waited(5000, signal);
          }
      };
      await Promise.all(kinds.map((kind) => followed(kind)));
      await Promise.all(running.values());
      await told;
    },
  };
};

const isOf = ({ apiVersion, kind }: ObjectKind, object: ObjectKind): boolean =>
  object.kind === kind && object.apiVersion === apiVersion;

const namespacesOf = (kind: ObjectKind, held: ReadonlyMap<string, Held>): readonly string[] => [
  ...new Set([...held.values()].flatMap(({ wanted }) => (isOf(kind, wanted) ? (wanted.metadata.namespace ?? []) : []))),
];

/** Ends early, and without an error, where the signal aborts: whoever waits looks at it. */
const waited = (ms: number, signal: AbortSignal): Promise<void> => pause(ms, signal).catch(() => undefined);
