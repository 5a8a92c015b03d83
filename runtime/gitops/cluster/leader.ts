import { randomUUID } from "node:crypto";
import { reasonOf, silent, type Log } from "../../log/log.ts";
import { ClusterError, type ClusterApi, type ClusterObject, type ObjectRef, type WantedObject } from "./api.ts";
import { microTime } from "./micro-time.ts";
import { pause } from "./connection/retried.ts";

export interface LeaderElectionOptions {
  readonly api: ClusterApi;
  readonly namespace: string;
  readonly name: string;
  /** Who this is, for people; a part that nobody else has is added, so that two of one name are two. */
  readonly identity: string;
  /** Whole seconds. How long others wait after the last sign of a leader. */
  readonly leaseMs?: number;
  /** A whole number. Between signs of a leader, and between looks of who would be one. */
  readonly renewMs?: number;
  readonly log?: Log;
}

/** The time of one leader. */
export interface Term {
  /** Aborts when the term ends, for whatever reason, before anybody else's can begin. */
  readonly signal: AbortSignal;
  /** Writes reject once the term is over, also where the process was stopped for so long that no timer told it in time. */
  readonly api: ClusterApi;
}

export interface LeaderElection {
  /**
   * Waits for its turn, does the work, and again, until the signal aborts (rejects with its reason) or the work ends by itself
   * (resolves). Work that is under way when a term ends is waited for. What the work rejects with is rejected with.
   */
  readonly led: (work: (term: Term) => Promise<void>, signal: AbortSignal) => Promise<void>;
}

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/**
 * coordination.k8s.io/v1 Lease, as client-go's leader election holds one. No two clocks are compared: whoever waits does so by
 * its own clock since it saw the lease change, and whoever leads ends two thirds into a lease by its own clock since it *sent* its last
 * renewal, which is before anybody can have seen it. The last third is for requests that are under way then.
 */
export const leaderElection = (options: LeaderElectionOptions): LeaderElection => {
  const { api, namespace, name, leaseMs = 15_000, renewMs = Math.round(leaseMs / 3), log = silent } = options;
  const identity = `${options.identity}_${randomUUID()}`;
  const ref: ObjectRef = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace, name };
  const termMs = (leaseMs * 2) / 3;
  const seconds = Math.ceil(leaseMs / 1000);

  const lease = (found: ClusterObject | undefined, spec: LeaseSpec): WantedObject => ({
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    metadata: found === undefined ? { namespace, name } : withoutHistory(found.metadata),
    spec,
  });
  const held = (found: ClusterObject | undefined): LeaseSpec => {
    const before = specOf(found);
    const now = microTime(Date.now());
    const mine = before.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: seconds,
      acquireTime: mine ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before.leaseTransitions ?? 0) + (mine || found === undefined ? 0 : 1),
    };
  };

  /** Waits until the lease is nobody's any more, and takes it; when that was asked for. */
  const taken = async (signal: AbortSignal): Promise<{ readonly lease: ClusterObject; readonly at: number }> => {
    let seen: { readonly version: string; readonly at: number } | undefined;
    let named: string | undefined;
    for (;;) {
      try {
        const found = await api.get(ref, { signal });
        const { holderIdentity: holder, leaseDurationSeconds = seconds } = specOf(found);
        const version = found?.metadata.resourceVersion ?? "";
        if (seen?.version !== version) seen = { version, at: performance.now() };
        const free = found === undefined || holder === undefined || holder === null || holder === "";
        if (free || performance.now() - seen.at > leaseDurationSeconds * 1000) {
          const at = performance.now();
          const wanted = lease(found, held(found));
          return {
            lease: await (found === undefined ? api.create(wanted, { signal }) : api.replace(wanted, { signal })),
            at,
          };
        }
        if (holder !== named)
          log({ level: "info", event: "waiting for the leader", lease: `${namespace}/${name}`, leader: holder });
        named = holder;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!(error instanceof ClusterError)) throw error;
        // Somebody else was faster, or there is an answer to a request that we gave up on: the next look tells.
        if (error.kind !== "conflict") log({ level: "warn", event: "leader election failed", reason: error.message });
      }
      await pause(renewMs * (0.5 + Math.random() / 2), signal);
    }
  };

  const renewed = async (lost: AbortSignal, current: ClusterObject): Promise<ClusterObject> => {
    try {
      return await api.replace(lease(current, held(current)), { signal: lost });
    } catch (error) {
      if (!(error instanceof ClusterError) || error.kind !== "conflict") throw error;
      // An answer that was lost, or somebody who edited it.
      const found = await api.get(ref, { signal: lost });
      if (specOf(found).holderIdentity !== identity) throw new LeaseLost(specOf(found).holderIdentity ?? "nobody");
      return api.replace(lease(found, held(found)), { signal: lost });
    }
  };

  const released = async (current: ClusterObject): Promise<void> => {
    const signal = AbortSignal.timeout(renewMs);
    const free = (found: ClusterObject): Promise<unknown> =>
      api.replace(
        lease(found, {
          holderIdentity: "",
          leaseDurationSeconds: 1,
          renewTime: microTime(Date.now()),
          leaseTransitions: specOf(found).leaseTransitions ?? 0,
        }),
        { signal },
      );
    try {
      await free(current).catch(async (error: unknown) => {
        // A renewal that was given up on may have been stored.
        const found = await api.get(ref, { signal });
        if (found === undefined || specOf(found).holderIdentity !== identity) throw error;
        await free(found);
      });
    } catch (error) {
      log({ level: "warn", event: "lease not released", reason: reasonOf(error) });
    }
  };

  /** True when the work ended by itself. */
  const term = async (work: (term: Term) => Promise<void>, outer: AbortSignal): Promise<boolean> => {
    let { lease: current, at } = await taken(outer);
    log({ level: "info", event: "leading", lease: `${namespace}/${name}`, identity });
    const over = new AbortController();
    const end = (reason: unknown): void => over.abort(reason);
    const stop = (): void => end(outer.reason);
    outer.addEventListener("abort", stop, { once: true });
    if (outer.aborted) stop();
    const late = (): void => end(new TermOver(`the lease ${namespace}/${name} was not renewed in time`));
    let timer = setTimeout(late, at + termMs - performance.now());
    const inTime = (): boolean => {
      if (performance.now() - at >= termMs) late();
      return !over.signal.aborted;
    };
    const renewing = async (): Promise<void> => {
      while (!over.signal.aborted) {
        await pause(renewMs, over.signal);
        const sent = performance.now();
        try {
          current = await renewed(over.signal, current);
          at = sent;
          clearTimeout(timer);
          timer = setTimeout(late, at + termMs - performance.now());
        } catch (error) {
          if (over.signal.aborted) return;
          if (error instanceof LeaseLost) return end(error);
          log({
            level: "warn",
            event: "lease not renewed",
            reason: reasonOf(error),
          });
        }
      }
    };
    const renewal = renewing().catch(() => undefined);
    try {
      await work({ signal: over.signal, api: during(api, inTime, over.signal) });
      // Work that heeds its signal returns, too.
      return inTime();
    } catch (error) {
      if (inTime()) throw error;
      return false;
    } finally {
      // A lease that ended by its time is for others to take, and one that somebody took is theirs.
      const ours = inTime() || outer.aborted;
      if (!ours) log({ level: "warn", event: "no longer leading", reason: reasonOf(over.signal.reason) });
      end(new TermOver("the work is done"));
      clearTimeout(timer);
      outer.removeEventListener("abort", stop);
      await renewal;
      if (ours) await released(current);
    }
  };

  return {
    async led(work, signal) {
      for (;;) {
        signal.throwIfAborted();
        const done = await term(work, signal);
        signal.throwIfAborted();
        if (done) return;
      }
    },
  };
};

class TermOver extends Error {}

class LeaseLost extends Error {
  constructor(to: string) {
    super(`the lease is held by ${to}`);
  }
}

const during = (api: ClusterApi, inTime: () => boolean, over: AbortSignal): ClusterApi => {
  const fence = (): void => {
    if (!inTime()) throw over.reason;
  };
  const within = <O extends { readonly signal?: AbortSignal }>(asked: O): O & { readonly signal: AbortSignal } => ({
    ...asked,
    fence,
    signal: asked.signal === undefined || asked.signal === over ? over : AbortSignal.any([asked.signal, over]),
  });
  return {
    ...api,
    apply: (object, asked = {}) => api.apply(object, within(asked)),
    create: (object, asked = {}) => api.create(object, within(asked)),
    replace: (object, asked = {}) => api.replace(object, within(asked)),
    remove: (ref, asked) => api.remove(ref, within(asked)),
  };
};

const specOf = (found: ClusterObject | undefined): LeaseSpec => found?.spec ?? {};

const withoutHistory = ({
  managedFields: _history,
  ...metadata
}: ClusterObject["metadata"]): ClusterObject["metadata"] => metadata;
