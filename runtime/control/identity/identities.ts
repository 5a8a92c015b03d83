import { timerDelay } from "../timer-delay.ts";
import type { SpiffeId } from "../../../lib/model/selector.ts";
import type { Served } from "../view.ts";
import type { Authority, Issued } from "./authority.ts";
import { reasonOf, silent, type Log } from "../../log/log.ts";
import { certificateSecret, rootsSecret } from "./secrets.ts";

/** The current SVID of each identity that somebody uses, renewed at half its life. */
export interface Identities {
  /** Says that one more client uses the identity; from then on it is renewed. Throws where too many are in use. */
  readonly retain: (identity: SpiffeId) => void;
  /** Says that one client fewer does; the last one's SVID is dropped. */
  readonly release: (identity: SpiffeId) => void;
  /** The SVID as the secret `default`; several who ask at once share one. Rejects where none can be issued. */
  readonly secretFor: (identity: SpiffeId) => Promise<Served>;
  /** The trust bundle as the secret `ROOTCA`. */
  readonly rootsSecret: () => Served;
  /** Calls with each retained identity whose SVID or bundle is another now; returns what ends that. */
  readonly onChange: (listener: (identity: SpiffeId) => void) => () => void;
  /** How many SVIDs are held. */
  readonly size: () => number;
  readonly close: () => void;
}

export interface IdentitiesOptions {
  readonly authority: Authority;
  /** By default the authority's longest. */
  readonly lifetimeMs?: number;
  /** How many identities may be held at one time. */
  readonly limit?: number;
  /** Within which time all certificates are made anew when another root signs. */
  readonly spreadMs?: number;
  readonly log?: Log;
}

interface Held {
  users: number;
  svid: Issued | undefined;
  secret: Served | undefined;
  pending: Promise<Served> | undefined;
  timer: NodeJS.Timeout | undefined;
  failures: number;
}

/** ±10 %: certificates that were issued together must not be renewed together. */
const jittered = (delay: number): number => delay * (0.9 + Math.random() * 0.2);

export const identities = ({
  authority,
  lifetimeMs,
  limit = 10_000,
  spreadMs = 60_000,
  log = silent,
}: IdentitiesOptions): Identities => {
  const held = new Map<SpiffeId, Held>();
  const listeners = new Set<(identity: SpiffeId) => void>();
  let bundle = rootsSecret(authority.roots());
  let signer = authority.signer();
  let closed = false;

  const changed = (identity: SpiffeId): void => {
    for (const listener of listeners) listener(identity);
  };
  const dropped = (identity: SpiffeId, entry: Held): void => {
    clearTimeout(entry.timer);
    if (held.get(identity) === entry) held.delete(identity);
  };
  /** Nobody retains an SVID that somebody only asked for: it goes first. */
  const room = (): void => {
    if (held.size < limit) return;
    for (const [identity, entry] of held) if (entry.users === 0) return dropped(identity, entry);
    throw new Error(`${limit} identities are in use, which is the limit`);
  };
  const entryOf = (identity: SpiffeId): Held => {
    const known = held.get(identity);
    if (known !== undefined) return known;
    room();
    const entry: Held = {
      users: 0,
      svid: undefined,
      secret: undefined,
      pending: undefined,
      timer: undefined,
      failures: 0,
    };
    held.set(identity, entry);
    return entry;
  };
  const scheduled = (identity: SpiffeId, entry: Held, delay: number): void => {
    clearTimeout(entry.timer);
    if (closed || entry.users === 0 || held.get(identity) !== entry) return;
    entry.timer = setTimeout(() => void renewed(identity, entry), timerDelay(delay)).unref();
  };
  const fresh = (identity: SpiffeId, entry: Held): Promise<Served> =>
    (entry.pending ??= issued(identity, entry).finally(() => (entry.pending = undefined)));

  const issued = async (identity: SpiffeId, entry: Held): Promise<Served> => {
    const svid = await authority.issued(identity, lifetimeMs === undefined ? {} : { lifetimeMs });
    const secret = certificateSecret(svid);
    const replaced = entry.secret !== undefined;
    entry.svid = svid;
    entry.secret = secret;
    entry.failures = 0;
    scheduled(identity, entry, untilRenewal(entry));
    if (replaced && entry.users > 0) changed(identity);
    return secret;
  };
  /** The clock may stand anywhere: renewal is a delay from now, not a date. */
  const untilRenewal = ({ svid }: Held): number => jittered((svid?.renewAt ?? 0) - Date.now());
  const renewed = async (identity: SpiffeId, entry: Held): Promise<void> => {
    try {
      await fresh(identity, entry);
    } catch (error) {
      entry.failures += 1;
      log({
        level: "error",
        event: "identity not renewed",
        identity,
        reason: reasonOf(error),
        failures: entry.failures,
      });
      scheduled(identity, entry, jittered(Math.min(1000 * 2 ** Math.min(entry.failures - 1, 6), 60_000)));
    }
  };

  const unsubscribed = authority.onRoots(() => {
    bundle = rootsSecret(authority.roots());
    const another = authority.signer() !== signer;
    signer = authority.signer();
    for (const [identity, entry] of held) {
      if (another && entry.users === 0) dropped(identity, entry);
      else if (another) scheduled(identity, entry, Math.min(Math.random() * spreadMs, untilRenewal(entry)));
      if (entry.users > 0) changed(identity);
    }
  });

  return {
    retain: (identity) => {
      const entry = entryOf(identity);
      entry.users += 1;
      if (entry.users === 1 && entry.svid !== undefined) scheduled(identity, entry, untilRenewal(entry));
    },
    release(identity) {
      const entry = held.get(identity);
      if (entry === undefined || entry.users === 0) return;
      entry.users -= 1;
      if (entry.users === 0) dropped(identity, entry);
    },
    async secretFor(identity) {
      const entry = entryOf(identity);
      // A retained one has its timer; whoever asks in between gets what the others have.
      const goodUntil = entry.users > 0 ? entry.svid?.expiresAt : entry.svid?.renewAt;
      if (entry.secret !== undefined && (goodUntil ?? 0) > Date.now()) return entry.secret;
      try {
        return await fresh(identity, entry);
      } catch (error) {
        // What is past its half is better than nothing, as long as peers accept it.
        if (entry.secret !== undefined && (entry.svid?.expiresAt ?? 0) > Date.now()) return entry.secret;
        if (entry.users === 0) dropped(identity, entry);
        throw error;
      }
    },
    rootsSecret: () => bundle,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    size: () => held.size,
    close() {
      closed = true;
      unsubscribed();
      for (const [identity, entry] of held) dropped(identity, entry);
    },
  };
};
