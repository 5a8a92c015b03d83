import { afterEach, expect, test } from "vitest";
import type { WatchEvent } from "./api.ts";
import { clusterApi } from "./client.ts";
import { answering, resetting, smallServer, stored, type Answering, type Seen } from "./fixture.ts";
import type { WatchLimits } from "./watch.ts";

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const kind = { apiVersion: "v1", kind: "ConfigMap" };
const object = (name: string, resourceVersion: string): object => ({
  metadata: { name, namespace: "shop", uid: name, resourceVersion },
});
const line = (type: string, of: object): string => `${JSON.stringify({ type, object: of })}\n`;

/** Says these pieces, and then ends or stays. */
const saying =
  (pieces: readonly string[], end: "ends" | "stays" | "breaks" = "stays"): Answering =>
  async (_request, response) => {
    response.writeHead(200);
    response.flushHeaders();
    for (const piece of pieces) {
      response.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (end === "ends") response.end();
    if (end === "breaks") response.destroy();
  };

const watched = async (answers: readonly Answering[], limits: WatchLimits = {}) => {
  const server = await smallServer(...answers);
  const api = clusterApi({
    access: server.access,
    retries: { firstMs: 1, attempts: 2 },
    watch: { firstMs: 1, ...limits },
  });
  const stop = new AbortController();
  const told: string[] = [];
  const on = (event: WatchEvent): void =>
    void told.push(
      event.type === "RELISTED"
        ? `RELISTED ${event.items.map(({ metadata }) => metadata.name).join(" ")}`
        : `${event.type} ${event.object.kind} ${event.object.metadata.name}`,
    );
  const ended = api
    .watch(kind, { from: "1", signal: stop.signal, labelSelector: "x=y" }, on)
    .catch((error: unknown) => error);
  closing.push(() => stop.abort(new Error("enough")), api.close, server.close);
  return { told, ended, stop, seen: server.seen };
};

const versions = (seen: readonly Seen[]): readonly (string | null)[] =>
  seen.map(({ url }) => new URL(url, "http://x").searchParams.get("resourceVersion"));

test("a watch goes on after a drop from the last event or bookmark, and half an event is told once it is whole", async () => {
  const { told, seen } = await watched([
    saying([line("ADDED", object("a", "2")), '{"type": "ADDED", "obj'], "breaks"),
    saying([line("ADDED", object("b", "3")) + line("BOOKMARK", { metadata: { resourceVersion: "9" } })], "ends"),
    saying([line("MODIFIED", object("a", "10")).slice(0, 20), line("MODIFIED", object("a", "10")).slice(20)]),
  ]);
  await expect.poll(() => told).toEqual(["ADDED ConfigMap a", "ADDED ConfigMap b", "MODIFIED ConfigMap a"]);
  expect(versions(seen)).toEqual(["1", "2", "9"]);
  const query = new URL(seen[0]?.url ?? "", "http://x").searchParams;
  expect([query.get("watch"), query.get("allowWatchBookmarks"), query.get("labelSelector")]).toEqual([
    "1",
    "true",
    "x=y",
  ]);
});

test("what is too old to go on from is told whole, said as an event or as an answer", async () => {
  const list = answering(200, { metadata: { resourceVersion: "50" }, items: [stored("a"), stored("c")] });
  const { told, seen } = await watched([
    saying([line("ERROR", { kind: "Status", code: 410, message: "too old resource version: 1 (40)" })], "ends"),
    list,
    answering(410, { code: 410 }),
    list,
    saying([line("DELETED", object("c", "51"))]),
  ]);
  await expect.poll(() => told).toEqual(["RELISTED a c", "RELISTED a c", "DELETED ConfigMap c"]);
  expect(versions(seen)).toEqual(["1", null, "50", null, "50"]);
});

test("a watch that falls silent is begun anew", async () => {
  const { told, seen } = await watched(
    [saying([line("ADDED", object("a", "2"))]), saying([line("ADDED", object("b", "3"))])],
    {
      silenceMs: 300,
    },
  );
  await expect.poll(() => told).toEqual(["ADDED ConfigMap a", "ADDED ConfigMap b"]);
  expect(versions(seen).slice(0, 2)).toEqual(["1", "2"]);
});

test("resets, refusals that pass and nonsense are lived through", async () => {
  const { told } = await watched([
    resetting,
    answering(503, {}),
    answering(429, {}, { "retry-after": "0" }),
    saying(["no json\n"]),
    saying([line("SHOUTED", object("a", "2"))]),
    saying([line("ERROR", { kind: "Status", code: 500, message: "etcd" })]),
    saying([line("ADDED", object("a", "2"))]),
  ]);
  await expect.poll(() => told).toEqual(["ADDED ConfigMap a"]);
});

test("whoever is asked to stay away for months does not come back at once", async () => {
  const { seen, ended, stop } = await watched([answering(429, {}, { "retry-after": "9999999" })]);
  await expect.poll(() => seen.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  stop.abort(new Error("enough"));
  await ended;
  expect(seen.length).toBe(1);
});

test("an event without end is not kept", async () => {
  const { told } = await watched(
    [saying(["x".repeat(5000), "x".repeat(5000)]), saying([line("ADDED", object("a", "2"))])],
    { longest: 6000 },
  );
  await expect.poll(() => told).toEqual(["ADDED ConfigMap a"]);
});

test("what stays refused ends the watch in words, and a signal with its reason", async () => {
  const { ended } = await watched([answering(403, { message: "cannot watch" })]);
  expect(await ended).toMatchObject({ kind: "forbidden", message: "watch of v1 ConfigMap: cannot watch" });
  const quiet = await watched([saying([])]);
  await expect.poll(() => quiet.seen.length).toBe(1);
  quiet.stop.abort(new Error("enough"));
  expect(await quiet.ended).toMatchObject({ message: "enough" });
});
