import type { SpiffeId } from "../../../lib/model/selector.ts";
import type { Identities } from "../identity/index.ts";
import type { Served } from "../view.ts";

/** The secrets of those identities that somebody is connected as. */
export interface Secrets {
  /** Resolves when the identity's certificate is there; rejects where none can be issued. */
  readonly prepared: (identity: SpiffeId) => Promise<void>;
  /** The same map until one of its secrets is another. */
  readonly of: (identity: SpiffeId) => ReadonlyMap<string, Served>;
  /** Forgets identities that nobody uses. */
  readonly used: (identities: ReadonlySet<SpiffeId>) => void;
  readonly close: () => void;
}

const none: ReadonlyMap<string, Served> = new Map();

/** `extra` are secrets that every client may have. `changed` is called when some identity's secrets are others now. */
export const secrets = (
  identities: Identities,
  extra: readonly Served[],
  changed: () => void,
  failed: (identity: SpiffeId, error: unknown) => void,
): Secrets => {
  const known = new Map<SpiffeId, ReadonlyMap<string, Served>>();
  const prepared = async (identity: SpiffeId): Promise<void> => {
    if (!known.has(identity)) {
      // Throws at the limit: what is not retained is not renewed, and must not pass for known.
      identities.retain(identity);
      known.set(identity, none);
    }
    const own = await identities.secretFor(identity);
    if (!known.has(identity)) return;
    known.set(identity, new Map([own, identities.rootsSecret(), ...extra].map((secret) => [secret.name, secret])));
  };
  const ended = identities.onChange((identity) => {
    prepared(identity).then(changed, (error: unknown) => failed(identity, error));
  });
  return {
    prepared,
    of: (identity) => known.get(identity) ?? none,
    used: (wanted) => {
      for (const identity of known.keys()) {
        if (wanted.has(identity)) continue;
        known.delete(identity);
        identities.release(identity);
      }
    },
    close: ended,
  };
};
