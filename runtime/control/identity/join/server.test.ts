import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { connect } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { LogEntry } from "../../../log/log.ts";
import { ratings, reviews, temporaryFolder, testAuthority } from "../fixture.ts";
import { newRequest } from "../x509/request.ts";
import { joinServer, type Allowed, type JoinServerOptions } from "./server.ts";
import { joinTokens } from "./tokens.ts";

const generous = { perMinute: 1e6, burst: 1e6 };

const serving = async (options: Partial<JoinServerOptions> = {}) => {
  const authority = options.authority ?? (await testAuthority());
  const tokens = joinTokens({ folder: await temporaryFolder(), refusalMs: 0, attempts: generous });
  const server = await joinServer({
    authority,
    tokens,
    names: ["127.0.0.1"],
    host: "127.0.0.1",
    requests: generous,
    ...options,
  });
  onTestFinished(server.close);
  const token = () => tokens.created({ workload: "shop/reviews", identity: reviews, ttlMs: 60_000 });
  return { authority, tokens, server, token };
};

const asked = (
  port: number,
  path: string,
  body: string | undefined,
  { method = "POST", cert, key }: { readonly method?: string; readonly cert?: string; readonly key?: string } = {},
): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: "127.0.0.1",
        port,
        path,
        method,
        agent: false,
        rejectUnauthorized: false,
        ...(cert === undefined ? {} : { cert, key }),
      },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    request.on("error", reject);
    request.end(body);
  });

test("a token and a request give a certificate and the roots, once", async () => {
  const { server, token, authority } = await serving();
  const body = JSON.stringify({ csr: (await newRequest()).request, token: await token(), workload: "shop/reviews" });
  const answer = await asked(server.port, "/v1/join", body);
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({ identity: reviews, roots: authority.roots() });
  expect(await asked(server.port, "/v1/join", body)).toEqual({
    status: 401,
    text: '{"error":"the join token is not accepted"}',
  });
});

test("a token for an identity that is not given out here is refused in the same words, and the log says why", async () => {
  const entries: LogEntry[] = [];
  const { server, tokens } = await serving({ log: (entry) => void entries.push(entry) });
  const identity = "spiffe://other.test/ns/shop/sa/reviews";
  const token = await tokens.created({ workload: "shop/reviews", identity, ttlMs: 60_000 });
  const body = JSON.stringify({ csr: (await newRequest()).request, token, workload: "shop/reviews" });
  expect(await asked(server.port, "/v1/join", body)).toEqual({
    status: 401,
    text: '{"error":"the join token is not accepted"}',
  });
  expect(entries).toContainEqual(
    expect.objectContaining({ event: "join token refused", reason: `${identity} is not given out here` }),
  );
});

test("a request that cannot be signed does not use its token up", async () => {
  const { server, token } = await serving();
  const body = { token: await token(), workload: "shop/reviews" };
  expect((await asked(server.port, "/v1/join", JSON.stringify({ ...body, csr: "nonsense" }))).status).toBe(400);
  expect(
    (await asked(server.port, "/v1/join", JSON.stringify({ ...body, csr: (await newRequest()).request }))).status,
  ).toBe(200);
});

test("whatever is no request of the two is refused in words that repeat nothing of it", async () => {
  const { server } = await serving();
  const csr = (await newRequest()).request;
  const cases: readonly (readonly [number, string, string | undefined, object?])[] = [
    [404, "/v1/secret-path", "{}"],
    [405, "/v1/join", undefined, { method: "GET" }],
    [400, "/v1/join", "{"],
    [400, "/v1/join", "[]"],
    [400, "/v1/join", "null"],
    [400, "/v1/join", '{"kind":"problem","status":200,"error":"secret-marker"}'],
    [400, "/v1/join", JSON.stringify({ csr: 1, token: "secret-marker", workload: "a" })],
    [400, "/v1/join", JSON.stringify({ csr, token: "secret-marker" })],
    [400, "/v1/join", JSON.stringify({ csr, workload: "a" })],
    [400, "/v1/join", JSON.stringify({ csr, workload: "a", token: "secret-marker", kubernetesToken: "b" })],
    [401, "/v1/join", JSON.stringify({ csr, workload: "a", token: "secret-marker" })],
    [
      401,
      "/v1/join",
      JSON.stringify({ csr, workload: "a", token: { secret: "secret-marker" }, kubernetesToken: undefined }),
    ],
    [401, "/v1/join", JSON.stringify({ csr, workload: "a", kubernetesToken: "secret-marker" })],
    [401, "/v1/renew", JSON.stringify({ csr })],
    [413, "/v1/join", `{"csr":"${"x".repeat(20_000)}"}`],
  ];
  for (const [status, path, body, options] of cases) {
    const answer = await asked(server.port, path, body, options);
    expect(answer.text).not.toContain("secret-");
    if (status !== 401 || !body?.includes('"token":{'))
      expect([status, answer.status, answer.text]).toEqual([status, status, answer.text]);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  }
});

test("renewing takes the current certificate: not a stranger's, not an expired one, not one that is no longer allowed", async () => {
  let allow: Allowed = "yes";
  const { server, authority } = await serving({ allowed: () => allow });
  const stranger = await testAuthority();
  const csr = (await newRequest()).request;
  const renew = async (of: typeof authority, lifetimeMs = 60_000, waitMs = 0) => {
    const svid = await of.issued(reviews, { lifetimeMs });
    await sleep(waitMs);
    return asked(server.port, "/v1/renew", JSON.stringify({ csr }), {
      cert: svid.certificateChain,
      key: svid.privateKey,
    });
  };
  const good = await renew(authority);
  expect(JSON.parse(good.text)).toMatchObject({ identity: reviews });
  expect(await renew(stranger)).toEqual({
    status: 401,
    text: '{"error":"the certificate is signed by no root that is trusted"}',
  });
  expect(await renew(authority, 1000, 1100)).toEqual({ status: 401, text: '{"error":"the certificate has expired"}' });
  allow = "no";
  expect((await renew(authority)).status).toBe(403);
  allow = "not ready";
  expect(await renew(authority)).toMatchObject({ status: 503, text: expect.stringContaining("not ready") as string });
  allow = "yes";
  const own = await authority.server(["127.0.0.1"]);
  expect(
    (
      await asked(server.port, "/v1/renew", JSON.stringify({ csr }), {
        cert: own.certificateChain,
        key: own.privateKey,
      })
    ).status,
  ).toBeGreaterThanOrEqual(400);
});

test("a Kubernetes token gives only an identity that is allowed; a join token is not asked about", async () => {
  let allow: Allowed = "not ready";
  const { server, token } = await serving({
    allowed: () => allow,
    reviews: { reviewed: () => Promise.resolve({ kind: "reviewed", identity: reviews }) },
  });
  const csr = (await newRequest()).request;
  const join = async (by: object) =>
    (await asked(server.port, "/v1/join", JSON.stringify({ csr, workload: "shop/reviews", ...by }))).status;
  expect(await join({ kubernetesToken: "a.b.c" })).toBe(503);
  allow = "no";
  expect(await join({ kubernetesToken: "a.b.c" })).toBe(403);
  expect(await join({ token: await token() })).toBe(200);
  allow = "yes";
  expect(await join({ kubernetesToken: "a.b.c" })).toBe(200);
});

test("an older protocol than TLS 1.3 is refused", async () => {
  const { server } = await serving();
  const socket = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false, maxVersion: "TLSv1.2" });
  await expect(once(socket, "secureConnect")).rejects.toThrow();
});

test("a body that is announced or sent too long is answered, not read on", async () => {
  const { server } = await serving();
  const socket = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString())).on("error", () => undefined);
  socket.write("POST /v1/join HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
  let sent = 0;
  while (!socket.closed && sent < 5_000_000) {
    socket.write(`1000\r\n${"x".repeat(4096)}\r\n`);
    sent += 4096;
    if (sent % 65_536 === 0) await sleep(1);
  }
  while (!socket.closed) await sleep(10);
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
});

test("clients that send slowly, or shake hands and fall silent, are cut off while others are served", async () => {
  const { server, token } = await serving({ headersMs: 300, requestMs: 600 });
  const starts = [
    "",
    "POST /v1/join HTTP/1.1\r\nhost: a\r\n",
    "POST /v1/join HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{",
  ];
  const cutOff = starts.map(async (start) => {
    const socket = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    socket.on("error", () => undefined).resume();
    socket.write(start);
    // One byte at a time, for ever.
    const drip = setInterval(() => start !== "" && socket.write("a"), 50);
    await new Promise((resolve) => socket.on("close", resolve));
    clearInterval(drip);
  });
  const body = JSON.stringify({ csr: (await newRequest()).request, token: await token(), workload: "shop/reviews" });
  expect((await asked(server.port, "/v1/join", body)).status).toBe(200);
  await Promise.all(cutOff);
});

test("connections are capped, and an address that asks too often is told to wait", async () => {
  const { server } = await serving({ connections: 2, requests: { perMinute: 1, burst: 3 } });
  const statuses: number[] = [];
  for (let n = 0; n < 5; n += 1) statuses.push((await asked(server.port, "/v1/join", "{}")).status);
  expect(statuses).toEqual([400, 400, 400, 429, 429]);
  const open = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const socket = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
      onTestFinished(() => void socket.destroy());
      return once(socket, "secureConnect").then(
        () => true,
        () => false,
      );
    }),
  );
  expect(open.filter(Boolean).length).toBe(2);
});

test("strangers who use up what their network may ask keep no machine behind it from renewing", async () => {
  const { server, authority } = await serving({
    requests: { perMinute: 1, burst: 2 },
    renewals: { perMinute: 1, burst: 3 },
  });
  const csr = JSON.stringify({ csr: (await newRequest()).request });
  const as = async (identity: string, of = authority) => {
    const { certificateChain: cert, privateKey: key } = await of.issued(identity);
    return async () => (await asked(server.port, "/v1/renew", csr, { cert, key })).status;
  };
  const [first, second, forged] = [await as(reviews), await as(ratings), await as(ratings, await testAuthority())];
  // Who shows nothing, or what nobody signed, is a stranger.
  const strange = [await asked(server.port, "/v1/renew", csr).then(({ status }) => status), await forged()];
  for (let time = 0; time < 2; time += 1) strange.push((await asked(server.port, "/v1/join", "{}")).status);
  expect([...strange, await forged()]).toEqual([401, 401, 429, 429, 429]);
  expect([await first(), await first(), await first(), await first()]).toEqual([200, 200, 200, 429]);
  expect(await second()).toBe(200);
});

test("the server's own certificate is renewed while it serves, and follows the root that signs", async () => {
  const { server, authority } = await serving({ ownLifetimeMs: 2500 });
  const shown = async (): Promise<string> => {
    const socket = connect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const certificate = socket.getPeerX509Certificate();
    socket.destroy();
    expect(authority.verified(certificate!.raw, "server")).toBe("spiffe://mesh.test/mesh-control");
    return certificate!.serialNumber;
  };
  const first = await shown();
  await sleep(1600);
  expect(await shown()).not.toBe(first);
  for (const step of ["add", "switch", "retire"] as const) await authority.rotated(step, { over: () => true });
  await sleep(50);
  await shown();
});
