import { controlIdentity } from "../../../targets/xds/identity-names.ts";
import { isDeepStrictEqual } from "node:util";
import type { webcrypto } from "node:crypto";
import type { SpiffeId } from "../../../lib/model/selector.ts";
import { firstRing, ringFrom, stepped, steps, type Phase, type Ring, type Step } from "./keys/ring.ts";
import type { KeyStore } from "./keys/store.ts";
import { reasonOf, silent, type Log } from "../../log/log.ts";
import { refused, type Refused } from "./refused.ts";
import { isTrustDomain, spiffeParts } from "./spiffe-id.ts";
import { signedLeaf, type SignedLeaf } from "./x509/leaf.ts";
import { newKey, requestedKey } from "./x509/request.ts";
import { verifiedIdentity } from "./x509/verified.ts";

/** An X.509-SVID with its key. `privateKey` (PEM, PKCS#8) is a getter that no text form, spread or copy of this shows. */
export interface Issued extends SignedLeaf {
  readonly privateKey: string;
}

/** A certificate for a key that stays with whoever asked. */
export interface Signed extends SignedLeaf {
  readonly kind: "signed";
}

export interface Stepped {
  readonly kind: "stepped";
  readonly phase: Phase;
}

/** When a step of a rotation may be taken: as soon as somebody who knows says so, and at the latest after a time. */
export interface Wait {
  /** For `switch`: every client has the bundle. For `retire`: every client shows a certificate of the new root. */
  readonly over?: () => boolean | Promise<boolean>;
  /** Milliseconds since the step before; by default as long as the longest certificate lives. */
  readonly afterMs?: number;
}

/** Whom a certificate is for: a proxy whose key is made here, a machine that has its own, or mesh-control itself. */
type Holder = "proxy" | "machine" | "control";

/** Counted since the start. Of what fails, renewals are most: they are tried again for as long as somebody needs them. */
export interface CertificateCounts {
  readonly issued: Readonly<Record<Holder, number>>;
  readonly failed: Readonly<Record<Holder, number>>;
}

/** An X.509 authority of one trust domain. INVARIANT: no property of it leads to a key that signs. */
export interface Authority {
  readonly trustDomain: string;
  /** The trust bundle as PEM, the root that signs first. */
  readonly roots: () => string;
  readonly phase: () => Phase;
  /** Changes whenever another root signs. */
  readonly signer: () => string;
  /** A new key with its certificate. Throws where the identity is not of this trust domain. */
  readonly issued: (identity: SpiffeId, asked?: { readonly lifetimeMs?: number }) => Promise<Issued>;
  /** A certificate for the key of a PKCS#10 request (PEM or DER). Refuses the request; throws as `issued` does. */
  readonly signed: (
    request: string | Uint8Array,
    identity: SpiffeId,
    asked?: { readonly lifetimeMs?: number },
  ) => Promise<Signed | Refused>;
  /** For mesh-control itself: its own identity, and the DNS names and addresses under which it is found. */
  readonly server: (names: readonly string[], asked?: { readonly lifetimeMs?: number }) => Promise<Issued>;
  /** Whom a peer's certificate names, by today's bundle. */
  readonly verified: (der: Uint8Array, as?: "client" | "server") => SpiffeId | Refused;
  /** Takes the next step of a root rotation, or says why not yet. */
  readonly rotated: (step: Step, wait?: Wait) => Promise<Stepped | Refused>;
  readonly counts: () => CertificateCounts;
  /** Reads the store again: another replica may have taken a step. */
  readonly refreshed: () => Promise<void>;
  /** Calls whenever the bundle or the root that signs has changed; returns what ends that. */
  readonly onRoots: (listener: () => void) => () => void;
  readonly close: () => void;
}

export interface AuthorityOptions {
  readonly store: KeyStore;
  readonly trustDomain: string;
  /** Makes a root where the store has none yet. */
  readonly create?: boolean;
  /** How long a certificate lives at most and by default, in milliseconds. */
  readonly lifetimeMs?: number;
  /** How often the store is read again. */
  readonly refreshMs?: number;
  readonly log?: Log;
}

const day = 86_400_000;

/** Opens an authority on its store. Throws in words where there is no root, or none that can be used. */
export const authority = async ({
  store,
  trustDomain,
  create = false,
  lifetimeMs: longest = day,
  refreshMs = 30_000,
  log = silent,
}: AuthorityOptions): Promise<Authority> => {
  if (!isTrustDomain(trustDomain)) throw new Error(`\`${trustDomain}\` is no trust domain`);
  const listeners = new Set<() => void>();
  const counts = { issued: { proxy: 0, machine: 0, control: 0 }, failed: { proxy: 0, machine: 0, control: 0 } };
  let ring = await opened(store, trustDomain, create, log);

  const taken = (next: Ring): void => {
    const changed = !isDeepStrictEqual([next.roots, next.phase], [ring.roots, ring.phase]);
    ring = next;
    if (!changed) return;
    log({ level: "info", event: "roots changed", phase: ring.phase, signer: ring.signing.fingerprint.slice(0, 16) });
    for (const listener of listeners) listener();
  };
  const refreshed = async (): Promise<void> => {
    try {
      const next = await ringFrom(await store.read());
      if (next === undefined) throw new Error("the root is gone");
      taken(next);
    } catch (error) {
      // What was read before goes on: certificates must not stop because a volume is away for a moment.
      log({ level: "error", event: "roots not read", place: store.place, reason: reasonOf(error) });
    }
    if (ring.signing.expiresAt < Date.now() + 30 * day)
      log({ level: "warn", event: "root expires soon", expiresAt: ring.signing.expiresAt });
  };
  const timer = setInterval(() => void refreshed(), refreshMs).unref();

  const leaf = async (
    identity: SpiffeId,
    publicKey: webcrypto.CryptoKey,
    { lifetimeMs = longest, names = [] }: { readonly lifetimeMs?: number; readonly names?: readonly string[] },
  ): Promise<SignedLeaf> => {
    if (spiffeParts(identity)?.trustDomain !== trustDomain)
      throw new Error(`${identity} is not of the trust domain ${trustDomain}`);
    return signedLeaf(ring.signing, { identity, publicKey, names, lifetimeMs: Math.min(lifetimeMs, longest) });
  };
  const counted = async <T>(holder: Holder, issuing: Promise<T>): Promise<T> => {
    try {
      const made = await issuing;
      counts.issued[holder] += 1;
      return made;
    } catch (error) {
      counts.failed[holder] += 1;
      throw error;
    }
  };
  const issued = async (identity: SpiffeId, asked: Parameters<typeof leaf>[2]): Promise<Issued> => {
    const { publicKey, privateKey } = await newKey();
    return Object.defineProperty(await leaf(identity, publicKey, asked), "privateKey", { get: privateKey }) as Issued;
  };

  return {
    trustDomain,
    roots: () => ring.roots,
    phase: () => ring.phase,
    signer: () => ring.signing.fingerprint,
    issued: (identity, { lifetimeMs } = {}) =>
      counted("proxy", issued(identity, lifetimeMs === undefined ? {} : { lifetimeMs })),
    async signed(request, identity, asked = {}) {
      if (identity === controlIdentity(trustDomain))
        throw new Error(`${identity} is mesh-control's own, and is not given to others`);
      const publicKey = await requestedKey(request);
      if ("kind" in publicKey) return publicKey;
      return { kind: "signed", ...(await counted("machine", leaf(identity, publicKey, asked))) };
    },
    server: (names, asked = {}) => counted("control", issued(controlIdentity(trustDomain), { names, ...asked })),
    counts: () => structuredClone(counts),
    verified: (der, as = "client") => verifiedIdentity(der, { roots: ring.roots, trustDomain, as }),
    async rotated(step, { over, afterMs = longest + 2 * refreshMs } = {}) {
      const held = await store.read();
      const before = await ringFrom(held);
      if (held === undefined || before === undefined) return refused("there is no root to rotate");
      // Only the first step waits for nothing.
      if (step !== "add" && before.phase === steps[step]) {
        const left = before.since + afterMs - Date.now();
        if (left > 0 && (await over?.()) !== true)
          return refused(
            `it is too early to ${step}: not every client is known to have followed, and ${Math.ceil(left / 1000)} s of the wait are left`,
          );
      }
      const files = await stepped(step, held, trustDomain);
      if ("kind" in files) return files;
      if ((await store.write(files, held)) === "outdated")
        return refused("another process changed the roots at the same time");
      await refreshed();
      return { kind: "stepped", phase: ring.phase };
    },
    refreshed,
    onRoots(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => clearInterval(timer),
  };
};

const opened = async (store: KeyStore, trustDomain: string, create: boolean, log: Log): Promise<Ring> => {
  // Of replicas that start together one creates; the others read what it made.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const held = await store.read();
    const ring = await ringFrom(held);
    if (ring !== undefined) return ring;
    if (!create) throw new Error(`there is no root in ${store.place}, and making one is not allowed`);
    if ((await store.write(await firstRing(trustDomain), held)) === "written")
      log({ level: "info", event: "root created", place: store.place, trustDomain });
  }
  throw new Error(`a root cannot be made in ${store.place}: others keep changing it`);
};
