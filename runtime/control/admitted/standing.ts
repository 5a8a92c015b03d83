import { X509Certificate } from "node:crypto";
import type { SpiffeId } from "../../../lib/model/selector.ts";
import type { Client, Dismissal, Peer } from "../ads/index.ts";
import type { Authority } from "../identity/index.ts";

/** Whether streams that were admitted would be still: a proxy renews its certificate file long before, and keeps its stream. */
export interface Standings {
  /** Why the stream is served no more; undefined where it is. To be asked once for each open stream, sweep by sweep. */
  readonly verdict: (client: Client, peer: Peer) => Dismissal | undefined;
  /** Begins a sweep: of each only so much is done. */
  readonly swept: () => void;
}

/** Clocks differ, and a certificate that is renewed at half its life needs no haste. */
const graceMs = 60_000;
/** A certificate takes a third of a millisecond: where the roots changed for 10,000 proxies, nobody is kept waiting for all. */
const verifiedPerSweep = 200;
/** Who is sent away comes back at once, and costs a handshake: as many in a sweep as nobody notices. */
const dismissedPerSweep = 200;

interface Known {
  readonly expiresAt: number;
  /** The bundle by which it was verified last. */
  roots: string;
  identity: SpiffeId | undefined;
}

/** `isEntitled` says whether a client is still who may have what it has, its certificate being good. */
export const standings = (
  authority: Pick<Authority, "verified" | "roots">,
  isEntitled: (client: Client, identity: SpiffeId) => boolean,
  now: () => number = Date.now,
): Standings => {
  const known = new WeakMap<Uint8Array, Known>();
  let roots = authority.roots();
  let verifications = 0;
  let dismissals = 0;

  const read = (certificate: Uint8Array): Known => {
    let found = known.get(certificate);
    if (found === undefined) {
      const { validToDate } = new X509Certificate(certificate);
      found = { expiresAt: validToDate.getTime(), roots: "", identity: undefined };
      known.set(certificate, found);
    }
    return found;
  };

  /** Undefined where it does not verify by today's roots; what there was no time for is as it was. */
  const identityOf = (certificate: Uint8Array, of: Known): SpiffeId | "later" | undefined => {
    if (of.roots === roots) return of.identity;
    if (verifications >= verifiedPerSweep) return "later";
    verifications += 1;
    const verified = authority.verified(certificate);
    of.roots = roots;
    of.identity = typeof verified === "string" ? verified : undefined;
    return of.identity;
  };

  const judged = (client: Client, { certificate }: Peer): Dismissal | undefined => {
    if (certificate === undefined) return undefined;
    const of = read(certificate);
    if (now() >= of.expiresAt + graceMs) return { as: "unauthenticated", reason: "the client certificate has expired" };
    // Within its grace it is judged as before, as nothing verifies it any more.
    const identity = now() >= of.expiresAt ? of.identity : identityOf(certificate, of);
    if (identity === "later") return undefined;
    if (identity === undefined)
      return now() >= of.expiresAt
        ? undefined
        : { as: "unauthenticated", reason: "the client certificate is signed by no root that is trusted" };
    return isEntitled(client, identity)
      ? undefined
      : { as: "denied", reason: `${identity} runs no proxy of this name any more` };
  };

  return {
    verdict: (client, peer) => {
      if (dismissals >= dismissedPerSweep) return undefined;
      const why = judged(client, peer);
      if (why !== undefined) dismissals += 1;
      return why;
    },
    swept: () => {
      roots = authority.roots();
      verifications = 0;
      dismissals = 0;
    },
  };
};
