import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { clusterApi } from "./client.ts";
import { leaderElection, type Term } from "./leader.ts";

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Stored {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: { readonly holderIdentity: string };
}

/** Stores one Lease with optimistic concurrency, as an API server does; says nothing while `away`, and loses answers while `losing`. */
const leaseServer = async () => {
  const state = { lease: undefined as Stored | undefined, version: 0, away: false, losing: false };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("error", () => undefined);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answered = (status: number, body: unknown): void => {
        if (state.losing && request.method === "PUT") return void request.socket.resetAndDestroy();
        response.writeHead(status);
        response.end(JSON.stringify(body));
      };
      if (state.away) return;
      if (request.url === "/apis/coordination.k8s.io/v1")
        return answered(200, { resources: [{ name: "leases", kind: "Lease", namespaced: true }] });
      if (request.method === "GET")
        return state.lease === undefined ? answered(404, { details: { name: "l" } }) : answered(200, state.lease);
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as Stored;
      const expected = request.method === "POST" ? undefined : asked.metadata.resourceVersion;
      if (expected !== state.lease?.metadata.resourceVersion) return answered(409, {});
      state.version += 1;
      state.lease = { ...asked, metadata: { ...asked.metadata, resourceVersion: String(state.version) } };
      answered(200, state.lease);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { state, server: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) };
};

const contender = ({ server }: { readonly server: URL }, leaseMs = 2000) => {
  const access = { server, namespace: undefined, credentials: async () => ({ headers: {}, tls: {} }) };
  const api = clusterApi({ access, retries: { firstMs: 20 }, timeoutMs: 500 });
  const stop = new AbortController();
  closing.unshift(() => stop.abort(new Error("enough")), api.close);
  return { election: leaderElection({ api, namespace: "n", name: "l", identity: "i", leaseMs }), stop };
};

const untilOver = ({ signal }: Term): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

test("of many one leads, and the next when it is done", async () => {
  const server = await leaseServer();
  let inside = 0;
  let most = 0;
  let done = 0;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      const { election, stop } = contender(server);
      await election.led(async () => {
        inside += 1;
        most = Math.max(most, inside);
        await sleep(30);
        inside -= 1;
        done += 1;
      }, stop.signal);
    }),
  );
  expect([most, done]).toEqual([1, 4]);
});

test("a leader that the API server does not answer ends its term, and takes it up again", async () => {
  const server = await leaseServer();
  const { election, stop } = contender(server);
  const terms: string[] = [];
  void election
    .led(async (term) => {
      terms.push("begins");
      await untilOver(term);
      terms.push("ends");
      const refused = await term.api
        .remove({ apiVersion: "v1", kind: "ConfigMap", namespace: "n", name: "n" }, { uid: "u" })
        .catch(String);
      terms.push(String(refused));
    }, stop.signal)
    .catch(() => undefined);
  await expect.poll(() => terms.length).toBe(1);
  server.state.away = true;
  const refused = "Error: the lease n/l was not renewed in time";
  await expect.poll(() => terms).toEqual(["begins", "ends", refused]);
  server.state.away = false;
  await expect.poll(() => terms).toEqual(["begins", "ends", refused, "begins"]);
});

test("a renewal whose answer is lost is no loss", async () => {
  const server = await leaseServer();
  const { election, stop } = contender(server, 3000);
  let over = 0;
  void election
    .led(async (term) => {
      await untilOver(term);
      over += 1;
    }, stop.signal)
    .catch(() => undefined);
  await expect.poll(() => server.state.version).toBe(1);
  server.state.losing = true;
  await expect.poll(() => server.state.version).toBeGreaterThan(1);
  server.state.losing = false;
  const then = server.state.version;
  await expect.poll(() => server.state.version).toBeGreaterThan(then + 1);
  expect(over).toBe(0);
});

test("a lease that somebody else took ends the term at the next look", async () => {
  const server = await leaseServer();
  const { election, stop } = contender(server);
  let reason = "";
  void election
    .led(async (term) => {
      await untilOver(term);
      reason ||= String(term.signal.reason);
    }, stop.signal)
    .catch(() => undefined);
  await expect.poll(() => server.state.version).toBeGreaterThan(0);
  const taken = server.state.lease as Stored;
  server.state.lease = {
    ...taken,
    metadata: { ...taken.metadata, resourceVersion: "99" },
    spec: { ...taken.spec, holderIdentity: "other" },
  };
  await expect.poll(() => reason).toBe("Error: the lease is held by other");
});

test("whoever ends gives the lease back after its work, and what the work rejects with is told", async () => {
  const server = await leaseServer();
  const { election, stop } = contender(server);
  await expect(election.led(() => Promise.reject(new Error("broken")), stop.signal)).rejects.toThrow("broken");
  expect(server.state.lease?.spec.holderIdentity).toBe("");
  const holders: unknown[] = [];
  const led = election.led(async (term) => {
    await untilOver(term);
    await sleep(50);
    holders.push(server.state.lease?.spec.holderIdentity === "");
  }, stop.signal);
  await expect.poll(() => server.state.lease?.spec.holderIdentity).toMatch(/^i_/);
  stop.abort(new Error("enough"));
  await expect(led).rejects.toThrow("enough");
  expect([holders, server.state.lease?.spec.holderIdentity]).toEqual([[false], ""]);
});
