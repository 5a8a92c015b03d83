import { setTimeout as sleep } from "node:timers/promises";
import { defaultPlatform } from "../../../lib/graph/platform.ts";
import { isAtLeast, type ClusterApi, type ObjectRef, type WantedObject } from "../cluster/index.ts";
import type { Labels } from "../record.ts";
import { configKey, istiodDebug, type HeldObject, type IstiodDebug, type ProxyStatus } from "./istiod-debug.ts";

/** Waits until every proxy works by what was written. */
export interface Settling {
  /**
   * `written`: what was stored last, or that it is not there any more. `all`: that is all that there is with these labels, and of
   * anything else with them istiod has to know that it is gone. Rejects in words when that takes too long; a refusal of a proxy is
   * waited for as well, since another push may mend it, and is among the words.
   */
  readonly settled: (written: readonly Stored[], signal: AbortSignal, all?: Labels) => Promise<void>;
}

/** An object as istiod must hold it: at this resource version or a later one, or, undefined, not at all. */
export interface Stored {
  readonly ref: ObjectRef;
  readonly resourceVersion: string | undefined;
}

export interface SettlingOptions {
  readonly api: Pick<ClusterApi, "apply">;
  /** Addresses of istiod's monitoring port, one for each replica: `http://10.0.0.7:15014`. */
  readonly istiod: () => Promise<readonly string[]>;
  readonly token?: (() => Promise<string | undefined>) | undefined;
  /** For whom the marker is: it lies in the root namespace, under a name made of both. */
  readonly marker: { readonly namespace: string; readonly name: string };
  /** Where what Istio keeps holds for all namespaces; its own default when absent. */
  readonly rootNamespace?: string;
  readonly timeoutMs: number;
}

const pollMs = { first: 100, longest: 1000 };
/** istiod sends routes after the listeners of the same push: what was not sent this long after those were acknowledged is not coming. */
const quietMs = 300;

/**
 * istiod's own word that a proxy is in sync is worth nothing while it has not seen an object, or waits for quiet. So: wait until every
 * replica holds every version that the API server gave us; then touch a marker that concerns every proxy and means nothing, and wait
 * until each has acknowledged a push that began later. A push says when it began (`TIME/NUMBER` before the nonce's UUID), by
 * istiod's clock, whose seconds its answers carry too.
 */
export const istiodSettling = (options: SettlingOptions): Settling => {
  const { api, istiod, token, marker, timeoutMs, rootNamespace = defaultPlatform.rootNamespace } = options;
  return {
    settled: async (written, signal, all) => {
      const deadline = AbortSignal.timeout(timeoutMs);
      const until = AbortSignal.any([signal, deadline]);
      let waitingFor = "istiod answers";
      const untilNothing = async (behind: () => Promise<string | undefined>): Promise<void> => {
        for (let pause = pollMs.first; ; pause = Math.min(pollMs.longest, pause * 1.2)) {
          until.throwIfAborted();
          // An istiod that restarts answers again.
          const why = await behind().catch((error: unknown) => (error as Error).message);
          until.throwIfAborted();
          if (why === undefined) return;
          waitingFor = why;
          await sleep(pause, undefined, { signal: until });
        }
      };
      try {
        const replicas = (await istiod()).map((address) => istiodDebug(address, { token, signal: until }));
        if (replicas.length === 0) throw new Error("no istiod was found");
        const held = await Promise.all(
          replicas.map(async (replica) => {
            let at = 0;
            await untilNothing(async () => {
              const { all: objects, now } = await replica.held();
              at = now;
              return missing(written, objects) ?? (all && left(written, objects, all));
            });
            return at;
          }),
        );
        const last = Math.max(...held);
        // Whatever begins in a later second began after all of this was held.
        await untilNothing(async () =>
          (await clock(replicas)) > last ? undefined : "istiod's clock has reached the next second",
        );
        await api.apply(markerObject(marker, rootNamespace, new Date(last).toISOString()), { signal: until });
        await untilNothing(() => behindIn(replicas, last));
        await sleep(quietMs, undefined, { signal: until });
        await untilNothing(() => behindIn(replicas, last));
      } catch (error) {
        if (deadline.aborted && !signal.aborted)
          throw new Error(`proxies have not settled within ${timeoutMs / 1000} s: ${waitingFor}`, { cause: error });
        throw error;
      }
    },
  };
};

/** Where there is no istiod to ask: every proxy is believed to have what was written after a time. */
export const timedSettling = (waitMs: number): Settling => ({
  settled: (_, signal) => sleep(waitMs, undefined, { signal }),
});

const clock = async (replicas: readonly IstiodDebug[]): Promise<number> =>
  Math.min(...(await Promise.all(replicas.map(async (replica) => (await replica.proxies()).now))));

const missing = (written: readonly Stored[], objects: ReadonlyMap<string, HeldObject>): string | undefined => {
  for (const { ref, resourceVersion } of written) {
    const key = configKey(ref);
    const found = objects.get(key)?.resourceVersion;
    const isReached =
      resourceVersion === undefined ? found === undefined : found !== undefined && isAtLeast(found, resourceVersion);
    if (!isReached) return `istiod holds ${key} at ${found ?? "no version"}, not at ${resourceVersion ?? "none"}`;
  }
  return undefined;
};

const left = (
  written: readonly Stored[],
  objects: ReadonlyMap<string, HeldObject>,
  all: Labels,
): string | undefined => {
  const there = new Set(written.map(({ ref }) => configKey(ref)));
  const [key] =
    [...objects].find(
      ([name, { labels }]) =>
        !there.has(name) && Object.entries(all).every(([label, value]) => labels[label] === value),
    ) ?? [];
  return key === undefined ? undefined : `istiod holds ${key} still`;
};

const behindIn = async (replicas: readonly IstiodDebug[], last: number): Promise<string | undefined> => {
  for (const replica of replicas)
    for (const proxy of (await replica.proxies()).all) {
      const why = behind(proxy, last);
      if (why !== undefined) return `${proxy.name} ${why}`;
    }
  return undefined;
};

/** What every proxy is sent anew for the marker; the other types follow in the same push, where it has something for them. */
const pushed = ["Cluster", "Listener"];

const behind = ({ types }: ProxyStatus, last: number): string | undefined => {
  for (const { type, sent, acknowledged, refusal } of types) {
    if (refusal !== undefined) return `refuses ${type}: ${refusal}`;
    if (sent.nonce !== acknowledged.nonce) return `has not acknowledged ${type}`;
    if (pushed.includes(type) && acknowledged.beganAt <= last) return `has not been sent ${type} since`;
  }
  return pushed.every((type) => types.some((one) => one.type === type))
    ? undefined
    : "has not asked for everything yet";
};

/**
 * It selects workloads that there are not, and changes nothing of them either. A PeerAuthentication would not do: istiod tells only
 * those of it that it concerns. A change of any EnvoyFilter in the root namespace is pushed to every proxy, whatever its scope, in all
 * types (`sidecar.go`, `DependsOnConfig`; `cds.go`, `lds.go`, `rds.go`).
 */
export const markerObject = (
  { namespace, name }: SettlingOptions["marker"],
  rootNamespace: string,
  at: string,
): WantedObject => ({
  apiVersion: "networking.istio.io/v1alpha3",
  kind: "EnvoyFilter",
  metadata: {
    namespace: rootNamespace,
    name: `${namespace}-${name}`,
    labels: { "app.kubernetes.io/managed-by": "meshwright" },
  },
  spec: {
    workloadSelector: { labels: { "meshwright.dev/settled": at.replaceAll(/[^0-9TZ]/g, "") } },
    configPatches: [],
  },
});
