import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { testAuthority } from "../control/identity/fixture.ts";
import type { SpiffeId } from "../../lib/model/selector.ts";
import type { Access, Inbound } from "../../targets/native/config.ts";
import { freePort } from "../../conformance/rig/free-port.ts";
import {
  asked,
  backend,
  config,
  everybody,
  identity,
  inbound,
  listening,
  outbound,
  route,
  running,
  wholeHost,
} from "./fixture.ts";
import { ownIdentity } from "./identity/own-identity.ts";
import { Metrics, metricsText } from "./telemetry/metrics.ts";

const server: SpiffeId = "spiffe://cluster.local/ns/shop/sa/server";
type Authority = Awaited<ReturnType<typeof testAuthority>>;

const own = async (authority: Authority, id: SpiffeId, lifetimeMs?: number) => {
  const { certificateChain, privateKey } = await authority.issued(id, lifetimeMs === undefined ? {} : { lifetimeMs });
  return ownIdentity({ certificateChain, privateKey, roots: authority.roots() }, id);
};

/** Only this caller may GET below `/open`. */
const onlyClient: Access = {
  deny: everybody.deny,
  allow: {
    anonymous: 0,
    authenticated: 0,
    prefixes: {},
    exact: { [identity]: 1 },
    nodes: [
      { connection: false, otherMethods: false, methods: {} },
      {
        connection: false,
        otherMethods: false,
        methods: { GET: { under: [], next: { "/open": { under: [true] } } } },
      },
    ],
  },
};

/** An application behind its proxy, and a proxy that calls it; both with identities. */
const pair = async (more: Partial<Inbound>, callee: SpiffeId = server) => {
  const authority = await testAuthority({ trustDomain: "cluster.local" });
  const application = await backend((request, response) =>
    response.end(JSON.stringify({ xfcc: request.headers["x-forwarded-client-cert"] ?? null })),
  );
  const [inPort, outPort] = [await freePort(), await freePort()];
  const behind = await running({ ...config([inbound(inPort, application, more)]), identity: server });
  behind.proxy.provenBy(await own(authority, server));
  const caller = await running(
    config([outbound(outPort, wholeHost(route("a")))], {
      a: {
        resolve: "static",
        endpoints: [{ address: "127.0.0.1", port: inPort, workload: "shop/server", identity: callee }],
      },
    }),
  );
  caller.proxy.provenBy(await own(authority, identity));
  return { authority, inPort, outPort, behind, caller };
};

test("proxies prove their identities to each other, and the application hears whose", async () => {
  const { outPort, behind } = await pair({ mtls: "strict" });
  const { status, body } = await asked(outPort, {
    headers: { "x-forwarded-client-cert": "URI=spiffe://cluster.local/forged" },
  });
  expect(status).toBe(200);
  expect(JSON.parse(body)).toEqual({ xfcc: `By=${server};URI=${identity}` });
  expect(behind.exchanges[0]).toMatchObject({ role: "inbound", caller: identity });
});

test("who is not whom the configuration names is not called", async () => {
  const { outPort, behind } = await pair({ mtls: "strict" }, "spiffe://cluster.local/ns/shop/sa/another");
  expect((await asked(outPort)).status).toBe(503);
  expect(behind.exchanges).toEqual([]);
});

test("strict takes no plain text, permissive takes both, and only mTLS proves who calls", async () => {
  const strict = await pair({ mtls: "strict" });
  await expect(asked(strict.inPort)).rejects.toThrow();
  const { inPort, outPort, behind } = await pair({ mtls: "permissive" });
  expect(JSON.parse((await asked(inPort)).body)).toEqual({ xfcc: null });
  expect((await asked(outPort)).status).toBe(200);
  expect(behind.exchanges.map(({ caller }) => caller)).toEqual([undefined, identity]);
});

test("a certificate of another root, none at all, and one of no identity open nothing", async () => {
  const { authority, inPort, behind } = await pair({ mtls: "permissive" });
  const other = await (await testAuthority({ trustDomain: "cluster.local" })).issued(identity);
  const tried = (options: { readonly cert?: string; readonly key?: string }): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTls({ host: "127.0.0.1", port: inPort, rejectUnauthorized: false, ...options }, () =>
        socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
      );
      socket.on("data", (chunk: Buffer) => resolve(chunk.toString()));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve("closed"));
    });
  expect(await tried({})).toBe("closed");
  expect(await tried({ cert: other.certificateChain, key: other.privateKey })).toBe("closed");
  const good = await authority.issued(identity);
  expect(await tried({ cert: good.certificateChain, key: good.privateKey })).toMatch(/^HTTP\/1.1 200/);
  expect(behind.exchanges).toHaveLength(1);
});

test("handshakes that come to nothing are told of, with who failed and why, from both ends", async () => {
  const { authority, inPort, behind } = await pair({ mtls: "strict" });
  const other = await (await testAuthority({ trustDomain: "cluster.local" })).issued(identity);
  const foreign = await authority.issued(identity);
  const tls = ({ certificateChain: cert, privateKey: key }: Partial<typeof other>) =>
    connectTls({ host: "127.0.0.1", port: inPort, rejectUnauthorized: false, ...(cert && key && { cert, key }) });
  const failures: readonly (readonly [code: string, fails: () => Socket])[] = [
    ["ERR_SSL_HTTP_REQUEST", () => connect(inPort, "127.0.0.1").end("GET / HTTP/1.1\r\n\r\n")],
    ["ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", () => tls({})],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", () => tls(other)],
    ["ECONNRESET", () => connect(inPort, "127.0.0.1").end()],
    ["WRONG_IDENTITY", () => tls(foreign)],
  ];
  for (const [count, [code, fails]] of failures.entries()) {
    if (code === "WRONG_IDENTITY")
      await behind.proxy.taken({
        ...config([inbound(inPort, 1, { mtls: "strict" })]),
        identity: server,
        trustDomain: "elsewhere.local",
      });
    const socket = fails();
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => undefined);
    while (behind.handshakes.length <= count) await sleep(5);
    expect(behind.handshakes[count]).toMatchObject({ side: "downstream", address: "127.0.0.1", code });
  }
  const { outPort, caller } = await pair({ mtls: "strict" }, "spiffe://cluster.local/ns/shop/sa/another");
  await asked(outPort);
  expect(caller.handshakes).toEqual([
    {
      side: "upstream",
      address: "127.0.0.1",
      code: "WRONG_IDENTITY",
      reason: "the server is not spiffe://cluster.local/ns/shop/sa/another",
    },
  ]);
  const metrics = new Metrics(() => ({ id: "", identity: "" }));
  for (const failure of [...behind.handshakes, ...behind.handshakes]) metrics.handshakeFailed(failure);
  expect(metricsText([metrics.counted(), metrics.counted()])).toContain(
    'meshwright_proxy_tls_handshake_failures_total{side="downstream",reason="WRONG_IDENTITY"} 4\n',
  );
});

test("half a response whose end would be the connection's is reset under TLS as well", async () => {
  const { authority, inPort, behind } = await pair({ mtls: "strict" });
  const application = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\nhalf");
      setTimeout(() => socket.resetAndDestroy(), 50);
    });
  });
  onTestFinished(() => void application.close());
  await behind.proxy.taken({
    ...config([inbound(inPort, await listening(application), { mtls: "strict" })]),
    identity: server,
  });
  const { certificateChain: cert, privateKey: key } = await authority.issued(identity);
  const socket = connectTls({ host: "127.0.0.1", port: inPort, rejectUnauthorized: false, cert, key });
  socket.on("data", () => undefined);
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await expect(once(socket, "end")).rejects.toThrow("ECONNRESET");
});

test("access is by proven caller, method and path", async () => {
  const { inPort, outPort } = await pair({ mtls: "permissive", access: onlyClient });
  expect((await asked(outPort, { path: "/open/a" })).status).toBe(200);
  expect(await asked(outPort, { path: "/closed" })).toMatchObject({ status: 403, body: "access denied\n" });
  expect((await asked(outPort, { path: "/open/../closed" })).status).toBe(403);
  expect((await asked(outPort, { path: "/open", method: "POST" })).status).toBe(403);
  expect((await asked(inPort, { path: "/open/a" })).status).toBe(403);
});

test("certificates are renewed while connections go on, and new ones are proven by the new", async () => {
  const { authority, outPort, behind, caller } = await pair({ mtls: "strict" });
  expect((await asked(outPort)).status).toBe(200);
  for (let time = 0; time < 3; time += 1) {
    behind.proxy.provenBy(await own(authority, server));
    caller.proxy.provenBy(await own(authority, identity));
    expect((await asked(outPort)).status).toBe(200);
  }
});

test("who connects where TLS may come and says nothing is let go", async () => {
  const port = await freePort();
  await running(config([inbound(port, 1, { mtls: "permissive" })]), { handshakeMs: 100 });
  const client = connect(port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  await new Promise((resolve) => client.once("close", resolve));
});

test("servers are asked for proof whatever the environment says", async () => {
  const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  onTestFinished(() => {
    if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
  });
  const authority = await testAuthority({ trustDomain: "cluster.local" });
  const { certificateChain: cert, privateKey: key } = await (
    await testAuthority({ trustDomain: "cluster.local" })
  ).issued(server);
  const rogue = createTlsServer({ cert, key }, (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
  onTestFinished(() => void rogue.close());
  const port = await listening(rogue);
  const [inMesh, outside] = [await freePort(), await freePort()];
  const at = { address: "127.0.0.1", port };
  const caller = await running(
    config([outbound(inMesh, wholeHost(route("a"))), outbound(outside, wholeHost(route("b")))], {
      a: { resolve: "static", endpoints: [{ ...at, identity: server }] },
      b: { resolve: "static", endpoints: [at], originate: { sni: "localhost" } },
    }),
  );
  caller.proxy.provenBy(await own(authority, identity));
  expect((await asked(inMesh)).status).toBe(503);
  expect((await asked(outside)).status).toBe(503);
  expect(caller.handshakes).toHaveLength(2);
});

test("nobody goes on with a session that was agreed on before: each connection shows a certificate", async () => {
  const { authority, inPort, behind } = await pair({ mtls: "strict" });
  const good = await authority.issued(identity);
  const called = async (version: "TLSv1.2" | "TLSv1.3", session?: Buffer) => {
    const socket: TLSSocket = connectTls({
      host: "127.0.0.1",
      port: inPort,
      rejectUnauthorized: false,
      cert: good.certificateChain,
      key: good.privateKey,
      minVersion: version,
      maxVersion: version,
      ...(session && { session }),
    });
    onTestFinished(() => void socket.destroy());
    let last: Buffer | undefined;
    socket.on("session", (given: Buffer) => (last = given));
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    const [heard] = (await once(socket, "data")) as [Buffer];
    expect(heard.toString()).toMatch(/^HTTP\/1.1 200/);
    return { session: last ?? socket.getSession(), isReused: socket.isSessionReused() };
  };
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    for (const renewed of [false, true]) {
      if (renewed) behind.proxy.provenBy(await own(authority, server));
      const { session } = await called(version);
      expect((await called(version, session)).isReused).toBe(false);
    }
  }
});

test("when a port's rules change, who would not be taken by them leaves, and who would stays", async () => {
  const { authority, inPort, behind } = await pair({ mtls: "permissive" });
  const slow = await backend((request, response) => {
    setTimeout(() => response.end("slow"), request.url === "/slow" ? 300 : 0);
  });
  const rules = (more: Partial<Inbound>, trustDomain = "cluster.local") =>
    behind.proxy.taken({ ...config([inbound(inPort, slow, more)]), identity: server, trustDomain });
  const { certificateChain: cert, privateKey: key } = await authority.issued(identity);
  const kept = async (isSecure: boolean) => {
    const socket = isSecure
      ? connectTls({ host: "127.0.0.1", port: inPort, rejectUnauthorized: false, cert, key })
      : connect(inPort, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    const client = { socket, heard: "", isClosed: false };
    socket.on("data", (chunk: Buffer) => (client.heard += chunk.toString()));
    socket.on("error", () => undefined);
    socket.on("close", () => (client.isClosed = true));
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(socket, "data");
    client.heard = "";
    return client;
  };
  const asks = (client: Awaited<ReturnType<typeof kept>>, path: string) =>
    client.socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  const closed = async (...clients: readonly Awaited<ReturnType<typeof kept>>[]): Promise<void> => {
    while (clients.some(({ isClosed }) => !isClosed)) await sleep(5);
  };

  await rules({ mtls: "permissive" });
  const [plain, busy, secure] = [await kept(false), await kept(false), await kept(true)];
  asks(busy, "/slow");
  await sleep(50);
  await rules({ mtls: "strict" });
  await closed(plain, busy);
  expect(plain.heard).toBe("");
  expect(busy.heard).toMatch(/^HTTP\/1.1 200 [^]*\r\nconnection: close\r\n[^]*slow/);
  asks(secure, "/");
  while (!secure.heard.includes("200")) await sleep(5);

  await rules({ mtls: "strict" }, "elsewhere.local");
  await closed(secure);
  await rules({ mtls: "permissive" });
  const again = [await kept(true), await kept(false)];
  await rules({ mtls: "permissive", protocol: "tcp" });
  await closed(...again);
  await rules({ mtls: "permissive" });
  const [disclosed, open] = [await kept(true), await kept(false)];
  await rules({ mtls: "disabled" });
  await closed(disclosed);
  asks(open, "/");
  while (!open.heard.includes("200")) await sleep(5);
});
