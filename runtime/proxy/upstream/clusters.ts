import { lookup } from "node:dns/promises";
import type { Cluster, ClusterName, Endpoint } from "../../../targets/native/config.ts";
import type { OwnIdentity } from "../identity/own-identity.ts";
import type { Telemetry } from "../telemetry/exchange-record.ts";
import { Lookups, type AddressesOf } from "./lookups.ts";
import { Pool, sweptMs, type PoolLimits } from "./pool.ts";

/** One of a cluster's endpoints for one exchange. */
export interface Upstream {
  readonly endpoint: Endpoint;
  readonly pool: Pool;
}

/** Names that are servers', with their addresses. */
export type Addresses = ReadonlyMap<string, readonly string[]>;

export interface ClustersOptions {
  readonly limits?: PoolLimits;
  readonly handshakeFailed?: Telemetry["handshakeFailed"];
  readonly addressesOf?: AddressesOf;
}

/**
 * The endpoints of all clusters with their connections. An endpoint that stays keeps its connections when the
 * configuration changes; one that goes ends those that wait, and lets exchanges end in peace.
 */
export class Clusters {
  readonly #own: () => OwnIdentity | undefined;
  readonly #options: ClustersOptions;
  readonly #lookups: Lookups;
  #members: ReadonlyMap<ClusterName, readonly Upstream[]> = new Map();
  #pools = new Map<string, Pool>();
  readonly #resolved = new Map<string, readonly string[]>();
  #clusters: Readonly<Record<ClusterName, Cluster>> = {};
  #names: ReadonlySet<string> = new Set();
  #resolving: NodeJS.Timeout | undefined;
  #isResolving = false;
  /** Whether another round begins as soon as that which runs is over. */
  #resolvesAgain = false;
  #isClosed = false;
  readonly #sweeping: NodeJS.Timeout;

  constructor(own: () => OwnIdentity | undefined, options: ClustersOptions = {}) {
    this.#own = own;
    this.#options = options;
    this.#lookups = new Lookups(options.addressesOf ?? addressesOf);
    this.#sweeping = setInterval(() => {
      const now = performance.now();
      for (const pool of this.#pools.values()) pool.swept(now);
    }, sweptMs).unref();
  }

  /**
   * The addresses of all names that those clusters bring along, for `taken`: without those that have none, or that are not
   * found within that time.
   */
  async looked(clusters: Readonly<Record<ClusterName, Cluster>>, withinMs: number): Promise<Addresses> {
    const found = new Map<string, readonly string[]>();
    const names = [...namesIn(clusters)].filter((name) => !this.#resolved.has(name));
    if (names.length === 0) return found;
    let late: NodeJS.Timeout | undefined;
    const looking = Promise.all(
      names.map(async (name) => {
        const addresses = await this.#lookups.looked(name, { isUrgent: true });
        if (addresses !== undefined) found.set(name, addresses);
      }),
    );
    await Promise.race([looking, new Promise((resolve) => (late = setTimeout(resolve, withinMs)))]);
    clearTimeout(late);
    return new Map(found);
  }

  taken(clusters: Readonly<Record<ClusterName, Cluster>>, addresses: Addresses = new Map()): void {
    this.#clusters = clusters;
    this.#names = namesIn(clusters);
    for (const [name, found] of addresses) this.#resolved.set(name, found);
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
    this.#isClosed = true;
    clearTimeout(this.#resolving);
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
          const pool = pools.get(key) ?? this.#pools.get(key) ?? this.#pool(endpoint, originate);
          pools.set(key, pool);
          return { endpoint, pool };
        }),
      );
    }
    for (const [key, pool] of this.#pools) if (!pools.has(key)) pool.close();
    this.#pools = pools;
    this.#members = members;
  }

  #pool(endpoint: Endpoint, originate: Cluster["originate"]): Pool {
    const { limits, handshakeFailed } = this.#options;
    return new Pool({ endpoint, originate, own: this.#own, ...(handshakeFailed && { handshakeFailed }) }, limits);
  }

  /** Names of servers outside: what was found stays in force when a resolver does not answer. The next round is from the end of one. */
  async #resolve(): Promise<void> {
    this.#resolvesAgain = true;
    if (this.#isResolving) return;
    this.#isResolving = true;
    clearTimeout(this.#resolving);
    while (this.#resolvesAgain && !this.#isClosed) {
      this.#resolvesAgain = false;
      for (const name of this.#resolved.keys()) if (!this.#names.has(name)) this.#resolved.delete(name);
      await Promise.all([...this.#names].map((name) => this.#resolvedAgain(name)));
    }
    this.#isResolving = false;
    if (!this.#isClosed) this.#resolving = setTimeout(() => void this.#resolve(), resolvedMs).unref();
  }

  async #resolvedAgain(name: string): Promise<void> {
    const addresses = await this.#lookups.looked(name, { isUrgent: false });
    // Others may be in force meanwhile.
    if (addresses === undefined || !this.#names.has(name)) return;
    const before = this.#resolved.get(name);
    this.#resolved.set(name, addresses);
    if (addresses.join() !== before?.join()) this.#arranged();
  }
}

const namesIn = (clusters: Readonly<Record<ClusterName, Cluster>>): ReadonlySet<string> =>
  new Set(
    Object.values(clusters).flatMap(({ resolve, endpoints }) =>
      resolve === "dns" ? endpoints.map(({ address }) => address) : [],
    ),
  );

const addressesOf: AddressesOf = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

const resolvedMs = 5000;
