import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { controlled, eventually, nodeId, running, workload } from "../control/fixture.ts";
import { reviews } from "../control/identity/fixture.ts";
import { writtenIdentity, type Authority } from "../control/identity/index.ts";
import type { LogEntry } from "../log/log.ts";
import type { Taking } from "../proxy/source/control-status.ts";
import { backoffMs } from "./backoff.ts";
import { followedControl } from "./followed-control.ts";

const revision = running(reviews);
const moved = {
  ...revision,
  mesh: { ...revision.mesh, platform: { ...revision.mesh.platform, pathNormalization: "decode-and-merge-slashes" } },
} as const;

/** A folder as `mesh-control join` keeps it. */
const identityFolder = async (authority: Authority) => {
  const parent = await mkdtemp(join(tmpdir(), "meshwright-ads-"));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const folder = join(parent, "identity");
  const renewed = async (): Promise<void> => {
    const { certificateChain, privateKey } = await authority.issued(reviews);
    await writtenIdentity(folder, { certificateChain, privateKey: () => privateKey, roots: authority.roots() });
  };
  await renewed();
  return { folder, renewed };
};

const following = (port: number, identity: string, refuses: (text: string) => boolean = () => false) => {
  const told: string[] = [];
  const log: LogEntry[] = [];
  let isInForce = false;
  const taking: Taking = {
    taken: (text) => {
      told.push(text);
      if (refuses(text)) return Promise.reject(new Error("it says what nobody can do"));
      isInForce = true;
      return Promise.resolve();
    },
    stands: () => Promise.resolve(isInForce),
  };
  const followed = followedControl({
    control: { address: "localhost", port },
    node: { id: nodeId, workload, version: "1.2.3" },
    identity,
    taking,
    log: (entry) => log.push(entry),
  });
  onTestFinished(followed.close);
  return { followed, told, log, displaced: () => void (isInForce = false) };
};

test("what is told is taken and acknowledged, and what cannot be is refused with the reason", async () => {
  const { plane, authority, takes } = await controlled(revision);
  const { folder } = await identityFolder(authority);
  const { followed, told } = following(plane.port, folder, (text) => text.includes("decode-and-merge"));
  await eventually(() => plane.ads.metrics().acks.proxyConfig === 1);
  expect(JSON.parse(told[0]!)).toMatchObject({ workload, version: 1 });
  expect(plane.ads.clients()[0]?.node).toMatchObject({ id: nodeId, userAgent: "mesh-proxy 1.2.3" });
  expect(followed.status()).toMatchObject({ connected: true, counts: { taken: 1, refused: 0 } });
  const { version } = followed.status();
  takes(moved);
  await eventually(() => plane.refusals.all().length === 1);
  expect(plane.refusals.all()[0]).toMatchObject({ type: "proxyConfig", message: "it says what nobody can do" });
  expect(followed.status()).toMatchObject({
    version,
    refused: { reason: "it says what nobody can do" },
    counts: { taken: 1, refused: 1 },
  });
  takes(revision);
  await eventually(() => plane.refusals.all().length === 0);
  await eventually(() => followed.status().refused === undefined);
});

test("nothing is asked for again once something else is in force", async () => {
  const { plane, authority, takes } = await controlled(moved);
  const { folder } = await identityFolder(authority);
  const { followed } = following(plane.port, folder, (text) => text.includes("decode-and-merge"));
  await eventually(() => followed.status().counts.refused === 1);
  const { opened } = plane.ads.metrics();
  takes(revision);
  await eventually(() => followed.status().counts.taken === 1);
  // Longer than it would wait.
  const waits = backoffMs(1, () => 1);
  await sleep(waits + 500);
  expect(plane.ads.metrics().opened).toBe(opened);
  expect(followed.status()).toMatchObject({ connected: true, counts: { taken: 1, refused: 1 } });
});

test("a renewed identity gets a stream of its own, on which nothing is told again that is in force", async () => {
  const { plane, authority } = await controlled(revision);
  const { folder, renewed } = await identityFolder(authority);
  const { followed, told, displaced } = following(plane.port, folder);
  await eventually(() => plane.ads.metrics().acks.proxyConfig === 1);
  const again = async (): Promise<void> => {
    const opened = plane.ads.metrics().opened;
    await renewed();
    await eventually(() => plane.ads.metrics().opened === opened + 1);
    await eventually(() => plane.ads.clients().length === 1 && plane.ads.clients()[0]!.types.proxyConfig !== undefined);
  };
  const [before] = plane.ads.clients();
  await again();
  const [after] = plane.ads.clients();
  expect(after?.address).not.toBe(before?.address);
  await eventually(() => followed.status().connected);
  expect(after?.synced).toBe(true);
  expect(told).toHaveLength(1);
  // Whoever replaced it by hand is overruled.
  displaced();
  await again();
  await eventually(() => told.length === 2);
  expect(told[1]).toBe(told[0]);
});

test("who is the mesh's, and not its control plane, is not believed, and neither is that under another name", async () => {
  const { authority, plane } = await controlled(revision);
  const { folder } = await identityFolder(authority);
  const impostor = await authority.issued(reviews);
  const { createSecureServer } = await import("node:http2");
  const server = createSecureServer({ cert: impostor.certificateChain, key: impostor.privateKey });
  const sessions: unknown[] = [];
  server.on("stream", (stream) => sessions.push(stream));
  server.on("error", () => undefined);
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "localhost", () => resolve((server.address() as { readonly port: number }).port)),
  );
  onTestFinished(() => void server.close());
  const { followed } = following(port, folder);
  await eventually(() => followed.status().reason?.includes(`not spiffe://mesh.test/mesh-control`) === true);
  expect(sessions).toEqual([]);
  // One that is, under a name that it does not have.
  const elsewhere = followedControl({
    control: { address: "127.0.0.1", port: plane.port },
    node: { id: nodeId, workload, version: "1" },
    identity: folder,
    taking: { taken: () => Promise.resolve(), stands: () => Promise.resolve(false) },
    log: () => undefined,
  });
  onTestFinished(elsewhere.close);
  await eventually(() => /127\.0\.0\.1 is not in the cert/.test(elsewhere.status().reason ?? ""));
});

test("a control plane that is gone is said, and is not asked faster and faster", async () => {
  const { plane, authority } = await controlled(revision);
  const { folder } = await identityFolder(authority);
  const { followed, log } = following(plane.port, folder);
  await eventually(() => followed.status().connected);
  await plane.close(0);
  const refused = `connect ECONNREFUSED 127.0.0.1:${plane.port}`;
  await eventually(() => !followed.status().connected && followed.status().reason === refused);
  expect(log.map(({ event }) => event)).toEqual(
    expect.arrayContaining(["control plane connected", "control plane not connected"]),
  );
  expect(followed.status().version).toBeTruthy();
  for (const random of [0, 0.5, 1]) {
    const waits = Array.from({ length: 40 }, (_, failures) => backoffMs(failures, () => random));
    expect(waits[0]).toBeGreaterThanOrEqual(500);
    expect(waits[0]).toBeLessThanOrEqual(1000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_000);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(15_000);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  }
});
