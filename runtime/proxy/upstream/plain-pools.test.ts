import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { listening } from "../fixture.ts";
import type { Connection } from "./connection.ts";
import { PlainPools } from "./plain-pools.ts";

const server = async () => {
  const open = new Set<Socket>();
  const made = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
    socket.resume();
  });
  onTestFinished(() => void made.close());
  return { port: await listening(made), open };
};

const dialled = (pools: PlainPools, port: number): Promise<Connection> =>
  new Promise((resolve, reject) => {
    pools.at("127.0.0.1", port).pool.acquire({ connected: resolve, failed: (why) => reject(new Error(why)) });
  });

test("of more endpoints than are kept the eldest is closed: what waits at once, what is in use with its exchange", async () => {
  const [first, second] = [await server(), await server()];
  const pools = new PlainPools({ most: 1 });
  onTestFinished(() => pools.close());
  const eldest = pools.at("127.0.0.1", first.port);
  const [idle, used] = [await dialled(pools, first.port), await dialled(pools, first.port)];
  eldest.pool.release(idle);
  while (first.open.size < 2) await sleep(5);
  await dialled(pools, second.port);
  while (first.open.size > 1) await sleep(5);
  expect(used.socket.destroyed).toBe(false);
  eldest.pool.release(used);
  while (first.open.size > 0) await sleep(5);
  expect(pools.at("127.0.0.1", first.port)).not.toBe(eldest);
});

test("an endpoint that is the proxy itself is not dialled", async () => {
  const { port, open } = await server();
  const pools = new PlainPools({ isItself: (endpoint) => Promise.resolve(endpoint.port === port) });
  onTestFinished(() => pools.close());
  await expect(dialled(pools, port)).rejects.toThrow("connect-failure");
  const other = await server();
  await dialled(pools, other.port);
  expect(open.size).toBe(0);
});
