import { adsServer, type Admission, type AdsServer, type Limits, type Node, type Peer } from "./ads/index.ts";
import type { Authority, Identities } from "./identity/index.ts";
import { listening } from "./listening.ts";
import { secrets } from "./admitted/secrets.ts";
import { standings } from "./admitted/standing.ts";
import type { Log } from "../log/log.ts";
import { emptyView, type Served } from "./view.ts";

export interface SecretServiceOptions {
  readonly authority: Authority;
  readonly identities: Identities;
  readonly listen: { readonly address: string; readonly port: number };
  /** DNS names and addresses under which proxies find this server. */
  readonly names: readonly string[];
  /** Secrets that every proxy may have beside its own. */
  readonly extraSecrets?: readonly Served[];
  readonly limits?: Partial<Limits>;
  readonly log: Log;
}

/** Running; beside a control plane that is not ours. */
export interface SecretService {
  readonly port: number;
  readonly ads: Pick<AdsServer, "clients" | "metrics">;
  readonly close: (graceMs: number) => Promise<void>;
}

/** How often it is looked which identities nobody uses any more. */
const sweepMs = 5000;

/**
 * Identities for proxies that another control plane configures (istiod): the secret discovery service alone. It knows no
 * mesh, so a proxy is admitted by its certificate, and gets the secrets of exactly the identity which that proves.
 */
export const secretService = async (options: SecretServiceOptions): Promise<SecretService> => {
  const { authority, log } = options;
  const admittedAt = new Map<string, number>();
  const held = secrets(
    options.identities,
    options.extraSecrets ?? [],
    () => server.changed(),
    (identity, error) => log({ level: "error", event: "identity not renewed", identity, reason: String(error) }),
  );
  const admitted = async ({ certificate, address }: Peer, node: Node): Promise<Admission> => {
    if (certificate === undefined) return { refused: "a client certificate of the mesh is needed" };
    const identity = authority.verified(certificate);
    if (typeof identity !== "string") {
      running.hungUp(address);
      return { refused: identity.reason };
    }
    admittedAt.set(identity, performance.now());
    await held.prepared(identity);
    running.known(address);
    // Copies of a workload share an identity: each has its own allowance of streams.
    return { client: { name: node.id, key: `${identity} ${node.id}`, owner: identity } };
  };
  const server = adsServer({
    admitted,
    viewOf: ({ key }) => ({ ...emptyView, secret: held.of(identityOf(key)) }),
    onRefusal: ({ client, message }) =>
      log({ level: "warn", event: "secret refused", client: client.name, message: message.slice(0, 1000) }),
    log,
    ...(options.limits && { limits: options.limits }),
  });
  const standing = standings(authority, ({ key }, identity) => identityOf(key) === identity);
  const sweep = setInterval(() => {
    standing.swept();
    server.judged((client, peer) => {
      const why = standing.verdict(client, peer);
      if (why !== undefined) running.hungUp(peer.address);
      return why;
    });
    const used = new Set(server.clients().map(({ client }) => identityOf(client.key)));
    for (const [identity, at] of admittedAt) {
      // Whoever was admitted a moment ago may not have its stream yet.
      if (used.has(identity) || performance.now() - at < sweepMs) used.add(identity);
      else admittedAt.delete(identity);
    }
    held.used(used);
  }, sweepMs).unref();
  const running = await listening({
    server,
    authority,
    listen: options.listen,
    names: options.names,
    only: "secret",
    ...(options.limits && { limits: options.limits }),
    log,
  });
  return {
    port: running.port,
    ads: server,
    close: async (graceMs) => {
      clearInterval(sweep);
      await running.close(graceMs);
      held.close();
    },
  };
};

const identityOf = (key: string): string => key.slice(0, key.indexOf(" "));
