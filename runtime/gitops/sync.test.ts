import { expect, test } from "vitest";
import { silent } from "../log/log.ts";
import { answering, smallServer } from "./cluster/fixture.ts";
import { clusterApi } from "./cluster/index.ts";
import { PassFailure } from "./failure.ts";
import { moved } from "./moved.ts";
import { SourceError } from "./source/source.ts";
import { logReporter } from "./status/log-reporter.ts";
import { synced } from "./sync.ts";

const months = 10_000_000_000;
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));

test("a pass that is to wait for months is not made again at once", async () => {
  const server = await smallServer(answering(404, {}));
  const api = clusterApi({ access: server.access });
  const stop = new AbortController();
  let passes = 0;
  const ended = synced(
    {
      api,
      parent: { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "inventory" },
      version: "1",
      ordering: {
        orders: async () => {
          passes += 1;
          throw new PassFailure("Fetched", "RateLimited", "later", months);
        },
        changed: (signal) =>
          new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
      },
      reporter: logReporter(silent),
      log: silent,
    },
    stop.signal,
  ).catch((error: unknown) => error);
  await aWhile();
  stop.abort(new Error("enough"));
  expect(await ended).toMatchObject({ message: "enough" });
  expect(passes).toBe(1);
  await api.close();
  await server.close();
});

test("a branch whose server asks for months is not looked at again at once", async () => {
  const stop = new AbortController();
  let looks = 0;
  const source = {
    fetched: async (): Promise<never> => {
      looks += 1;
      throw new SourceError("rate-limited", "later", months);
    },
  };
  const ended = moved("abc", { source, intervalMs: 1 }, stop.signal, silent).catch((error: unknown) => error);
  await aWhile();
  stop.abort(new Error("enough"));
  expect(await ended).toBeInstanceOf(Error);
  expect(looks).toBe(1);
});
