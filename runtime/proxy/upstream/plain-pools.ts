import type { Upstream } from "./clusters.ts";
import type { Dialling } from "./dialled.ts";
import { Pool, sweptMs, type PoolLimits } from "./pool.ts";

interface PlainPoolsOptions {
  readonly most?: number;
  readonly limits?: PoolLimits | undefined;
  readonly isItself?: Dialling["isItself"];
}

/** Connections to endpoints that no cluster names, in plain text: applications, and whatever captured callers dial. */
export class PlainPools {
  readonly #most: number;
  readonly #limits: PoolLimits | undefined;
  readonly #dialling: Pick<Dialling, "own" | "isItself">;
  /** The one that was dialled first comes first. */
  readonly #upstreams = new Map<string, Upstream>();
  readonly #sweeping: NodeJS.Timeout;

  /** Of more endpoints than `most` the eldest is forgotten, and dialled anew when it is asked for. */
  constructor({ most = Infinity, limits, isItself }: PlainPoolsOptions = {}) {
    this.#most = most;
    this.#dialling = { own: () => undefined, ...(isItself && { isItself }) };
    this.#limits = limits;
    this.#sweeping = setInterval(() => {
      const now = performance.now();
      for (const { pool } of this.#upstreams.values()) pool.swept(now);
    }, sweptMs).unref();
  }

  at(address: string, port: number): Upstream {
    const key = keyOf({ address, port });
    const known = this.#upstreams.get(key);
    if (known !== undefined) return known;
    const endpoint = { address, port };
    const made = { endpoint, pool: new Pool({ endpoint, ...this.#dialling }, this.#limits) };
    this.#upstreams.set(key, made);
    const [eldest] = this.#upstreams.keys();
    if (this.#upstreams.size > this.#most && eldest !== undefined) this.#forgotten(eldest);
    return made;
  }

  /** Forgets all others: what waits there is closed, what is in use ends with its exchange. */
  keepOnly(endpoints: readonly Upstream["endpoint"][]): void {
    const kept = new Set(endpoints.map(keyOf));
    for (const key of this.#upstreams.keys()) if (!kept.has(key)) this.#forgotten(key);
  }

  close(): void {
    clearInterval(this.#sweeping);
    for (const { pool } of this.#upstreams.values()) pool.close();
  }

  #forgotten(key: string): void {
    this.#upstreams.get(key)?.pool.close();
    this.#upstreams.delete(key);
  }
}

const keyOf = ({ address, port }: Upstream["endpoint"]): string => `${address} ${port}`;
