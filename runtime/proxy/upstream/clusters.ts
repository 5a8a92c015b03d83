import { lookup } from "node:dns/promises";
import type { Cluster, ClusterName, Endpoint } from "../../../targets/native/config.ts";
import type { OwnIdentity } from "../identity/own-identity.ts";
import { Pool, type PoolLimits } from "./pool.ts";

/** One of a cluster's endpoints for one exchange. */
export interface Upstream {
  readonly endpoint: Endpoint;
  readonly pool: Pool;
}

/**
 * The endpoints of all clusters with their connections. An endpoint that stays keeps its connections when the
 * configuration changes; one that goes ends those that wait, and lets exchanges end in peace.
 */
export class Clusters {
  readonly #own: () => OwnIdentity | undefined;
  readonly #limits: PoolLimits | undefined;
  #members: ReadonlyMap<ClusterName, readonly Upstream[]> = new Map();
  #pools = new Map<string, Pool>();
  #resolved = new Map<string, readonly string[]>();
  #clusters: Readonly<Record<ClusterName, Cluster>> = {};
  readonly #resolving: NodeJS.Timeout;
  readonly #sweeping: NodeJS.Timeout;

  constructor(own: () => OwnIdentity | undefined, limits?: PoolLimits) {
    this.#own = own;
    this.#limits = limits;
    this.#resolving = setInterval(() => void this.#resolve(), resolvedMs).unref();
    this.#sweeping = setInterval(() => {
      const now = performance.now();
      for (const pool of this.#pools.values()) pool.swept(now);
    }, sweptMs).unref();
  }

  taken(clusters: Readonly<Record<ClusterName, Cluster>>): void {
    this.#clusters = clusters;
    this.#arranged();
    void this.#resolve();
  }

  /** The less busy of two at random, of those that can be reached if any can; `tried` ones come last. Undefined where there are none. */
  chosen(name: ClusterName, tried?: ReadonlySet<Pool>): Upstream | undefined {
    const all = this.#members.get(name);
    if (all === undefined || all.length === 0) return undefined;
    if (all.length === 1) return all[0];
    const now = performance.now();
    const isGood = ({ pool }: Upstream): boolean => pool.avoidedUntil <= now && tried?.has(pool) !== true;
    const good = all.every(isGood) ? all : all.filter(isGood);
    const from = good.length > 0 ? good : all;
    const first = Math.floor(Math.random() * from.length);
    if (from.length === 1) return from[first];
    const other = (first + 1 + Math.floor(Math.random() * (from.length - 1))) % from.length;
    const [a, b] = [from[first]!, from[other]!];
    return b.pool.active < a.pool.active ? b : a;
  }

  close(): void {
    clearInterval(this.#resolving);
    clearInterval(this.#sweeping);
    for (const pool of this.#pools.values()) pool.close();
  }

  #arranged(): void {
    const pools = new Map<string, Pool>();
    const members = new Map<ClusterName, readonly Upstream[]>();
    for (const [name, { resolve, endpoints, originate }] of Object.entries(this.#clusters)) {
      const reached = endpoints.flatMap((endpoint) =>
        resolve === "dns"
          ? (this.#resolved.get(endpoint.address) ?? []).map((address) => ({ ...endpoint, address }))
          : [endpoint],
      );
      members.set(
        name,
        reached.map((endpoint) => {
          const { address, port, identity } = endpoint;
          const key = `${address} ${port} ${identity ?? ""} ${originate?.sni ?? ""}`;
          const pool =
            pools.get(key) ?? this.#pools.get(key) ?? new Pool({ endpoint, originate, own: this.#own }, this.#limits);
          pools.set(key, pool);
          return { endpoint, pool };
        }),
      );
    }
    for (const [key, pool] of this.#pools) if (!pools.has(key)) pool.close();
    this.#pools = pools;
    this.#members = members;
  }

  /** Names of servers outside: what was found stays in force when a resolver does not answer. */
  async #resolve(): Promise<void> {
    const names = new Set(
      Object.values(this.#clusters).flatMap(({ resolve, endpoints }) =>
        resolve === "dns" ? endpoints.map(({ address }) => address) : [],
      ),
    );
    if (names.size === 0) return;
    let changed = false;
    await Promise.all(
      [...names].map(async (name) => {
        const found = await lookup(name, { all: true }).catch(() => undefined);
        if (found === undefined) return;
        const addresses = found.map(({ address }) => address).sort();
        if (addresses.join() === this.#resolved.get(name)?.join()) return;
        this.#resolved.set(name, addresses);
        changed = true;
      }),
    );
    for (const name of [...this.#resolved.keys()]) if (!names.has(name)) this.#resolved.delete(name);
    if (changed) this.#arranged();
  }
}

const resolvedMs = 5000;
const sweptMs = 5000;
