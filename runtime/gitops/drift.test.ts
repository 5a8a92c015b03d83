import { afterEach, expect, test } from "vitest";
import { silent } from "../log/log.ts";
import { ClusterError, fieldManager, type ClusterObject, type WatchEvent } from "./cluster/index.ts";
import { drift } from "./drift.ts";
import type { Held } from "./record.ts";
import type { Healing } from "./status/healing.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const wanted = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { namespace: "shop", name: "cart" },
  spec: { hosts: ["cart"] },
};
const at = (version: number, hosts = "cart"): ClusterObject => ({
  ...wanted,
  metadata: {
    ...wanted.metadata,
    uid: "u",
    resourceVersion: String(version),
    managedFields: [
      {
        manager: fieldManager,
        operation: "Apply",
        apiVersion: wanted.apiVersion,
        fieldsV1: { "f:spec": { "f:hosts": {} } },
      },
    ],
  },
  spec: { hosts: [hosts] },
});

/** An API server with one object, and what was applied and told; `answer` and `hear` are waited for. */
const watched = async ({
  answer = async () => undefined,
  hear = async () => undefined,
  mayList = () => true,
}: Rig = {}) => {
  let version = 10;
  let tell: ((event: WatchEvent) => void) | undefined;
  const applied: number[] = [];
  const healed: Healing[] = [];
  const held = new Map<string, Held>([["VirtualService shop/cart", { wanted, stored: at(version) }]]);
  const stop = new AbortController();
  const over = new Promise<never>((_, reject) =>
    stop.signal.addEventListener("abort", () => reject(stop.signal.reason as Error)),
  );
  over.catch(() => undefined);
  const ended = drift({
    api: {
      get: async () => at(version),
      list: async (_kind, { namespace } = {}) => {
        if (!mayList(namespace)) throw new ClusterError("not allowed", { kind: "forbidden" });
        return { items: [at(version)], resourceVersion: String(version) };
      },
      watch: (_kind, _options, on) => {
        tell = on;
        return over;
      },
      apply: async (_object, { dryRun = false } = {}) => {
        if (dryRun) return at(version);
        version += 1;
        const stored = at(version);
        await answer();
        applied.push(version);
        return stored;
      },
    },
    selector: "x=y",
    reporter: {
      healed: async (healing) => {
        healed.push(healing);
        await hear();
      },
      fought: async () => undefined,
    },
    log: silent,
  }).watched(held, () => undefined, stop.signal);
  stops.push(() => {
    stop.abort(new Error("enough"));
    return ended;
  });
  await expect.poll(() => tell).toBeDefined();
  return {
    applied,
    healed,
    /** Somebody writes it: the watch tells a version after all that there are. */
    edited: (hosts: string) => {
      version += 1;
      tell?.({ type: "MODIFIED", object: at(version, hosts) });
    },
    told: (event: WatchEvent) => tell?.(event),
  };
};

interface Rig {
  readonly mayList?: (namespace: string | undefined) => boolean;
  readonly answer?: () => Promise<unknown>;
  readonly hear?: () => Promise<unknown>;
}

const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

test("an edit is healed while somebody is slow to hear of the one before", async () => {
  const heard = Promise.withResolvers<void>();
  const { applied, healed, edited } = await watched({ hear: () => heard.promise });
  edited("theirs");
  await expect.poll(() => applied).toEqual([12]);
  edited("theirs");
  await expect.poll(() => applied).toEqual([12, 14]);
  heard.resolve();
  await expect.poll(() => healed.length).toBe(2);
});

test("an edit that is seen before an apply is answered is healed once it is", async () => {
  const answers = Promise.withResolvers<void>();
  const { applied, edited } = await watched({ answer: () => answers.promise });
  edited("theirs");
  await aWhile();
  edited("theirs");
  edited("others'");
  await aWhile();
  expect(applied).toEqual([]);
  answers.resolve();
  await expect.poll(() => applied.length).toBe(2);
});

test("what was seen meanwhile and says nothing new is no drift: one's own write, and what is older than it", async () => {
  const answers = Promise.withResolvers<void>();
  const { applied, healed, edited, told } = await watched({ answer: () => answers.promise });
  edited("theirs");
  await aWhile();
  told({ type: "MODIFIED", object: at(12) });
  answers.resolve();
  await expect.poll(() => applied).toEqual([12]);
  told({ type: "DELETED", object: at(11, "theirs") });
  told({ type: "RELISTED", items: [], resourceVersion: "11" });
  await aWhile();
  expect([applied, healed.length]).toEqual([[12], 1]);
  told({ type: "RELISTED", items: [], resourceVersion: "13" });
  await expect.poll(() => applied.length).toBe(2);
  expect(healed.at(-1)?.what).toBe("deleted");
});

test("who may not watch the whole cluster watches the namespaces of what is ours", async () => {
  const { applied, edited } = await watched({ mayList: (namespace) => namespace === "shop" });
  edited("theirs");
  await expect.poll(() => applied).toEqual([12]);
});
