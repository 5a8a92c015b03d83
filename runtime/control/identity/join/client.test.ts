import { readFile, stat, readdir, readlink } from "node:fs/promises";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { createServer } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { encoded } from "../../../../targets/xds/proto/codec.ts";
import { mutualConnection, mutualServer, ratings, reviews, temporaryFolder, testAuthority } from "../fixture.ts";
import type { Authority } from "../authority.ts";
import type { LogEntry } from "../../../log/log.ts";
import { joined, kept, renewed } from "./client.ts";
import { heldIdentity } from "./files.ts";
import { joinServer } from "./server.ts";
import { joinTokens } from "./tokens.ts";

const serving = async (authority: Authority, lifetimeMs = 60_000, port = 0) => {
  const tokens = joinTokens({ folder: await temporaryFolder(), refusalMs: 0 });
  const requests = { perMinute: 1e6, burst: 1e6 };
  const server = await joinServer({
    authority,
    tokens,
    names: ["127.0.0.1"],
    host: "127.0.0.1",
    port,
    lifetimeMs,
    requests,
  });
  onTestFinished(server.close);
  const token = await tokens.created({ workload: "vm/reviews", identity: reviews, ttlMs: 60_000 });
  return { server, url: `https://127.0.0.1:${server.port}`, token };
};

test("a machine joins with a key that never leaves it, and its files work in a handshake", async () => {
  const authority = await testAuthority();
  const { url, token } = await serving(authority);
  const folder = join(await temporaryFolder(), "identity");
  const roots = authority.roots();
  expect(await joined({ server: url, roots, token, workload: "vm/reviews", folder })).toMatchObject({
    kind: "joined",
    identity: reviews,
  });
  for (const name of ["identity.key", "identity.crt"]) {
    expect(await readlink(join(folder, name))).toBe(`..data/${name}`);
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  }
  const held = await heldIdentity(folder);
  const server = await mutualServer(await authority.issued(ratings), roots);
  await mutualConnection(
    server,
    { certificateChain: held.certificateChain, privateKey: held.privateKey() },
    held.roots,
  );
  for (const name of ["sds.json", "sds-roots.json"]) {
    const { resources } = JSON.parse(await readFile(join(folder, name), "utf8")) as {
      readonly resources: readonly Record<string, unknown>[];
    };
    const { "@type": type, ...secret } = resources[0]!;
    expect(type).toBe("type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret");
    expect(encoded("secret", secret).length).toBeGreaterThan(50);
  }
});

test("a server that is not mesh-control by the pinned roots is told no token", async () => {
  const [authority, stranger] = [await testAuthority(), await testAuthority()];
  const workload = await authority.issued(ratings);
  const heard: string[] = [];
  const fake = createServer(
    { cert: workload.certificateChain, key: workload.privateKey },
    (request) => void heard.push(request.url ?? ""),
  );
  fake.listen(0, "127.0.0.1");
  await once(fake, "listening");
  onTestFinished(() => void fake.close());
  const folder = await temporaryFolder();
  const given = { token: "secret", workload: "vm/reviews", folder };
  const server = `https://127.0.0.1:${(fake.address() as AddressInfo).port}`;
  expect(await joined({ ...given, server, roots: authority.roots() })).toMatchObject({
    reason: expect.stringContaining("not mesh-control") as string,
  });
  const { url } = await serving(stranger);
  expect(await joined({ ...given, server: url, roots: authority.roots() })).toMatchObject({ kind: "refused" });
  expect(heard).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
});

test("an identity is kept: renewed with a new key at half its life, through a server that is gone for a while", async () => {
  const authority = await testAuthority();
  const { url, token, server } = await serving(authority, 3000);
  const folder = await temporaryFolder();
  await joined({ server: url, roots: authority.roots(), token, workload: "vm/reviews", folder });
  const first = await heldIdentity(folder);
  await server.close();
  const entries: LogEntry[] = [];
  const keeping = kept({ server: url, folder, retryMs: 50, log: (entry) => entries.push(entry) });
  onTestFinished(keeping.stop);
  while (entries.length < 2) await sleep(20);
  expect(entries[0]).toMatchObject({ level: "error", event: "identity not renewed" });
  await serving(authority, 60_000, server.port);
  while (!entries.some(({ level }) => level === "info")) await sleep(20);
  const second = await heldIdentity(folder);
  expect(second.privateKey()).not.toBe(first.privateKey());
  expect(new X509Certificate(second.certificateChain).checkPrivateKey(createPrivateKey(second.privateKey()))).toBe(
    true,
  );
});

test("while files are replaced over and over, no reader finds a certificate beside another's key", async () => {
  const authority = await testAuthority();
  const { url, token } = await serving(authority);
  const folder = await temporaryFolder();
  await joined({ server: url, roots: authority.roots(), token, workload: "vm/reviews", folder });
  const writer = { busy: true };
  const reader = (async () => {
    let read = 0;
    for (; writer.busy; read += 1) {
      const held = await heldIdentity(folder);
      expect(new X509Certificate(held.certificateChain).checkPrivateKey(createPrivateKey(held.privateKey()))).toBe(
        true,
      );
    }
    return read;
  })();
  for (let n = 0; n < 15; n += 1) expect(await renewed({ server: url, folder })).toMatchObject({ kind: "joined" });
  writer.busy = false;
  expect(await reader).toBeGreaterThan(10);
});

test("a machine follows a rotation by renewing, and one that slept through it is refused", async () => {
  const authority = await testAuthority();
  const { url, token } = await serving(authority);
  const folder = await temporaryFolder();
  await joined({ server: url, roots: authority.roots(), token, workload: "vm/reviews", folder });
  for (const step of ["add", "switch", "retire"] as const) {
    await authority.rotated(step, { over: () => true });
    await sleep(50);
    expect(await renewed({ server: url, folder })).toMatchObject({ kind: "joined" });
    expect((await heldIdentity(folder)).roots).toBe(authority.roots());
  }
  for (const step of ["add", "switch", "retire"] as const) await authority.rotated(step, { over: () => true });
  await sleep(50);
  expect(await renewed({ server: url, folder })).toMatchObject({ kind: "refused" });
});

test("an identity that expired is said so once, and kept again as soon as somebody joins into the folder", async () => {
  const authority = await testAuthority();
  const { url, token, server } = await serving(authority, 1000);
  const folder = await temporaryFolder();
  await joined({ server: url, roots: authority.roots(), token, workload: "vm/reviews", folder });
  await server.close();
  const entries: LogEntry[] = [];
  const keeping = kept({ server: url, folder, retryMs: 20, longestRetryMs: 40, log: (entry) => entries.push(entry) });
  onTestFinished(keeping.stop);
  const expired = () => entries.filter(({ event }) => event === "identity expired");
  while (expired().length === 0) await sleep(20);
  const said = entries.length;
  await sleep(300);
  expect(entries.length).toBe(said);
  expect(expired()[0]?.["reason"]).toMatch(/expired at .* join again, with a new token/);
  const next = await serving(authority, 60_000, server.port);
  await joined({ server: url, roots: authority.roots(), token: next.token, workload: "vm/reviews", folder });
  while (!entries.some(({ event }) => event === "identity found")) await sleep(20);
});

test("an identity that expired is had again where somebody can join again", async () => {
  const authority = await testAuthority();
  const { url, token, server } = await serving(authority, 1000);
  const folder = await temporaryFolder();
  const given = { server: url, roots: authority.roots(), workload: "vm/reviews", folder };
  await joined({ ...given, token });
  await server.close();
  await sleep(1100);
  const entries: LogEntry[] = [];
  let next = "";
  const keeping = kept({
    server: url,
    folder,
    retryMs: 20,
    longestRetryMs: 40,
    again: () => joined({ ...given, token: next }),
    log: (entry) => entries.push(entry),
  });
  onTestFinished(keeping.stop);
  while (entries.length < 3) await sleep(20);
  expect(entries.slice(0, 3).map(({ event }) => event)).toEqual([
    "identity expired",
    "identity not renewed",
    "identity not renewed",
  ]);
  next = (await serving(authority, 60_000, server.port)).token;
  while (!entries.some(({ event }) => event === "joined again")) await sleep(20);
  expect((await heldIdentity(folder)).workload).toBe("vm/reviews");
});
