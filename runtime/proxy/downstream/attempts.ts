import type { Connection } from "../upstream/connection.ts";
import type { Upstream } from "../upstream/clusters.ts";
import type { Pool, Waiting } from "../upstream/pool.ts";
import type { Forward } from "./site.ts";

/** The attempts of one exchange to reach an endpoint, one at a time. */
export class Attempts {
  /** How many were made; a connection that had grown stale was none. */
  count = 0;
  /** That of the last attempt, for whoever is told. */
  last: Upstream | undefined;
  #current: Upstream | undefined;
  #tried: Set<Pool> | undefined;
  /** Counts every dialling: what an earlier one still tells is not about this one. */
  #dialling = 0;

  /** Returns false where nobody stands behind the route. A connection that comes after `ended` goes back to its pool. */
  begun(
    { upstream: chosen }: Forward,
    { connected, failed }: Waiting,
    { fresh }: { readonly fresh: boolean },
  ): boolean {
    const upstream = chosen(this.#tried);
    if (upstream === undefined) return false;
    this.count += 1;
    this.#current = upstream;
    this.last = upstream;
    upstream.pool.active += 1;
    const dialling = this.#dialling;
    upstream.pool.acquire(
      {
        connected: (connection) => {
          if (this.#dialling === dialling) connected(connection);
          else upstream.pool.release(connection);
        },
        failed: (why, error) => {
          if (this.#dialling === dialling) failed(why, error);
        },
      },
      { fresh },
    );
    return true;
  }

  ended(): void {
    if (this.#current === undefined) return;
    this.#dialling += 1;
    this.#current.pool.active -= 1;
    this.#current = undefined;
  }

  /** The connection that it was made on proved stale: it does not count. */
  endedStale(): void {
    this.ended();
    this.count -= 1;
  }

  /** The next one prefers other endpoints to the one that is tried. */
  avoided(): void {
    if (this.#current !== undefined) (this.#tried ??= new Set()).add(this.#current.pool);
  }

  /** Gives back a connection that can be used again. */
  released(connection: Connection): void {
    this.#current?.pool.release(connection);
  }
}
