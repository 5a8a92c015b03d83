import cluster from "node:cluster";
import { once } from "node:events";
import type { ListenOptions, Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Systems whose kernel divides connections among sockets at the same address. */
const divides = ["linux", "freebsd"].includes(process.platform);

/** What the first process could not bind: it keeps the attempt, and to ask it a second time is the end of this one. */
const notShared = new Set<string>();

const askedAgainMs = 10;

/**
 * Listens, and rejects where that cannot be. Workers share one socket, so that whom a dying one did not accept loses nothing; where
 * that cannot be had, as when they leave one address for all of them one after the other, each has its own, for which it waits
 * that long.
 */
export const listen = async (server: Server, address: string, port: number, waitMs: number): Promise<void> => {
  const options = { host: address, port, backlog: 4096 };
  if (!cluster.isWorker) return bound(server, options);
  const key = `${address} ${port}`;
  if (!notShared.has(key)) {
    try {
      return await bound(server, options);
    } catch (error) {
      if (!isInUse(error)) throw error;
      notShared.add(key);
      if (!divides) throw error;
    }
  }
  for (const until = performance.now() + waitMs; ; await sleep(askedAgainMs)) {
    try {
      return await bound(server, { ...options, exclusive: true, reusePort: divides });
    } catch (error) {
      if (!isInUse(error) || performance.now() > until) throw error;
    }
  }
};

const bound = async (server: Server, options: ListenOptions): Promise<void> => {
  const listening = once(server, "listening");
  server.listen(options);
  await listening;
};

const isInUse = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "EADDRINUSE";
