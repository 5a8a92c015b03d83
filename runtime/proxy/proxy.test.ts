import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../conformance/rig/free-port.ts";
import {
  asked,
  backend,
  cluster,
  clusterOf,
  config,
  inbound,
  listening,
  outbound,
  route,
  running,
  wholeHost,
} from "./fixture.ts";

const named = (name: string) => backend((_, response) => void response.setHeader("x-by", name).end(name));

test("a request goes to its route's cluster and its answer comes back, on connections that are kept", async () => {
  const port = await freePort();
  let connections = 0;
  const server = await backend((request, response) => {
    request.socket.once("close", () => undefined);
    response.end(`${request.method} ${request.url} ${request.headers.host}`);
  });
  const counting = await running(config([outbound(port, wholeHost(route("a")))], { a: cluster(server) }));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.on("free", () => (connections += 1));
  onTestFinished(() => agent.destroy());
  for (let time = 0; time < 5; time += 1)
    expect(await asked(port, { path: "/a?b=c", agent })).toMatchObject({ status: 200, body: "GET /a?b=c server" });
  expect(counting.exchanges).toHaveLength(5);
  expect(connections).toBe(5);
});

test("an unknown host is answered 502, a path without a route 404", async () => {
  const port = await freePort();
  const host = {
    ...wholeHost(route("a")),
    paths: { under: [], next: { "/a": { under: [{ route: 0, headers: [] }] } } },
  };
  await running(config([outbound(port, host)], { a: cluster(await named("a")) }));
  expect((await asked(port, { path: "/abc" })).status).toBe(200);
  expect((await asked(port, { path: "/b" })).status).toBe(404);
  expect((await asked(port, { host: "elsewhere" })).status).toBe(502);
  expect((await asked(port, { path: "/b/../a" })).status).toBe(200);
});

test("a split sends each backend its share", async () => {
  const port = await freePort();
  const split = [
    { upTo: 3, cluster: clusterOf("a") },
    { upTo: 4, cluster: clusterOf("b") },
  ];
  await running(
    config([outbound(port, wholeHost(route("a", { split })))], {
      a: cluster(await named("a")),
      b: cluster(await named("b")),
    }),
  );
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const said = await Promise.all(Array.from({ length: 2000 }, () => asked(port, { agent })));
  const share = said.filter(({ body }) => body === "b").length;
  // Seven standard deviations.
  expect(Math.abs(share - 500)).toBeLessThan(136);
});

test("bodies pass both ways as they came, however slowly either side reads, with bounded memory", async () => {
  const port = await freePort();
  const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  const server = await backend((request, response) => {
    const echoed = async (): Promise<void> => {
      for await (const chunk of request) {
        await sleep(1);
        if (!response.write(chunk)) await once(response, "drain");
      }
      response.end();
    };
    echoed().catch(() => response.destroy());
  });
  await running(config([outbound(port, wholeHost(route("a")))], { a: cluster(server) }));
  for (const headers of [{}, { "content-length": String(3_000_000) }]) {
    const sent = randomBytes(3_000_000);
    const received = await new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = [];
      const request = httpRequest(
        { host: "127.0.0.1", port, method: "POST", headers: { host: "server", ...headers } },
        (response) => {
          response.on("data", (chunk: Buffer) => {
            chunks.push(chunk);
            response.pause();
            setTimeout(() => response.resume(), 2);
          });
          response.on("end", () => resolve(Buffer.concat(chunks)));
          response.on("error", reject);
        },
      );
      request.on("error", reject);
      request.end(sent);
    });
    expect(digest(received)).toBe(digest(sent));
  }
});

test("a failed attempt is made again elsewhere, with its body, as often as the policy says", async () => {
  const port = await freePort();
  const bodies: string[] = [];
  let failures = 2;
  const server = await backend((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      bodies.push(body);
      response.statusCode = failures > 0 ? 503 : 200;
      failures -= 1;
      response.end("x");
    });
  });
  const retries = { attempts: 2, perTry: "none", on: ["5xx"], statuses: [] } as const;
  const { exchanges } = await running(
    config([outbound(port, wholeHost(route("a", { retries })))], { a: cluster(server) }),
  );
  expect((await asked(port, { method: "POST", body: "hello" })).status).toBe(200);
  expect(bodies).toEqual(["hello", "hello", "hello"]);
  expect(exchanges[0]).toMatchObject({ attempts: 3, status: 200 });
  failures = 3;
  expect((await asked(port, { method: "POST", body: "hello" })).status).toBe(503);
});

test("an endpoint that cannot be reached is answered 503, or passed over where the policy asks for it", async () => {
  const [port, dead] = [await freePort(), await freePort()];
  const retries = { attempts: 2, perTry: "none", on: ["connect-failure"], statuses: [] } as const;
  const listener = outbound(port, wholeHost(route("a")));
  const { proxy } = await running(config([listener], { a: cluster(dead) }));
  expect((await asked(port)).status).toBe(503);
  await proxy.taken(
    config([outbound(port, wholeHost(route("a", { retries })))], { a: cluster(dead, await named("alive")) }),
  );
  for (let time = 0; time < 10; time += 1) expect((await asked(port)).body).toBe("alive");
  await proxy.taken(config([listener], { a: cluster() }));
  expect(await asked(port)).toMatchObject({ status: 503, body: "no healthy upstream\n" });
});

test("a request that takes too long is answered 504, and a try that does is made again", async () => {
  const port = await freePort();
  let slow = 1;
  const server = await backend((_, response) => {
    const waits = slow > 0 ? 10_000 : 0;
    slow -= 1;
    setTimeout(() => response.end("late"), waits).unref();
  });
  const { proxy } = await running(
    config([outbound(port, wholeHost(route("a", { timeout: 100 })))], { a: cluster(server) }),
  );
  expect((await asked(port)).status).toBe(504);
  slow = 1;
  const retries = { attempts: 1, perTry: 100, on: ["5xx"], statuses: [] } as const;
  await proxy.taken(config([outbound(port, wholeHost(route("a", { retries })))], { a: cluster(server) }));
  expect(await asked(port)).toMatchObject({ status: 200, body: "late" });
});

test("headers are edited as the route says, and what is one connection's own is not passed on", async () => {
  const port = await freePort();
  const server = await backend((request, response) => {
    response.setHeader("x-gone", "1").setHeader("keep-alive", "timeout=5");
    response.end(JSON.stringify(request.headers));
  });
  const edits = { remove: ["x-gone"], set: [["x-set", "new"]], add: [["x-add", "2"]] } as const;
  await running(
    config([outbound(port, wholeHost(route("a", { requestHeaders: edits, responseHeaders: edits })))], {
      a: cluster(server),
    }),
  );
  const said = await asked(port, {
    headers: { "x-gone": "1", "x-set": "old", "x-add": "1", connection: "close, x-mine", "x-mine": "1" },
  });
  const seen = JSON.parse(said.body) as Record<string, string>;
  expect(seen).toMatchObject({ host: "server", "x-set": "new", "x-add": "1, 2" });
  expect(seen).not.toHaveProperty("x-gone");
  expect(seen).not.toHaveProperty("x-mine");
  expect(seen["traceparent"]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(said.headers).toMatchObject({ "x-set": "new", "x-add": "2" });
  expect(said.headers).not.toHaveProperty("x-gone");
});

test("a configuration changes between two requests of one connection, and no request fails", async () => {
  const port = await freePort();
  const [a, b] = [await named("a"), await named("b")];
  const clusters = { a: cluster(a), b: cluster(b) };
  const { proxy } = await running(config([outbound(port, wholeHost(route("a")))], clusters));
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  onTestFinished(() => agent.destroy());
  const bodies = new Map<string, number>();
  const until = Date.now() + 1000;
  const load = async (): Promise<void> => {
    while (Date.now() < until) {
      const { status, body } = await asked(port, { agent });
      expect(status).toBe(200);
      bodies.set(body, (bodies.get(body) ?? 0) + 1);
    }
  };
  const changes = async (): Promise<void> => {
    for (let change = 0; Date.now() < until; change += 1) {
      await proxy.taken(config([outbound(port, wholeHost(route(change % 2 === 0 ? "b" : "a")))], clusters));
      await sleep(20);
    }
  };
  await Promise.all([load(), load(), load(), load(), changes()]);
  expect(bodies.get("a")).toBeGreaterThan(10);
  expect(bodies.get("b")).toBeGreaterThan(10);
});

test("a configuration that cannot be put in force changes nothing", async () => {
  const [port, taken, alive] = [await freePort(), await named("somebody else"), await named("a")];
  const good = config([outbound(port, wholeHost(route("a")))], { a: cluster(alive) });
  const { proxy } = await running(good);
  await expect(proxy.taken(config([outbound(taken, wholeHost(route("a")))], { a: cluster(alive) }))).rejects.toThrow(
    "EADDRINUSE",
  );
  await expect(
    proxy.taken(config([outbound(port, { ...wholeHost(route("a")), routes: [] })], { a: cluster(alive) })),
  ).rejects.toThrow("there is no route 0");
  await expect(proxy.taken({ ...good, identity: "spiffe://cluster.local/ns/shop/sa/other" })).rejects.toThrow(
    "runs as",
  );
  expect((await asked(port)).body).toBe("a");
});

test("an upgrade is a tunnel once it is granted, with what came in the same piece", async () => {
  const port = await freePort();
  const server = createServer((socket) => {
    let isUp = false;
    socket.on("data", (chunk: Buffer) => {
      if (isUp) return void socket.write(`echo ${chunk.toString()}`);
      isUp = true;
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\nwelcome ");
    });
    socket.on("error", () => undefined);
  });
  onTestFinished(() => void server.close());
  await running(config([outbound(port, wholeHost(route("a")))], { a: cluster(await listening(server)) }));
  const client = connect(port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  let heard = "";
  client.on("data", (chunk: Buffer) => (heard += chunk.toString()));
  client.write("GET /chat HTTP/1.1\r\nhost: server\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\nearly");
  while (!heard.includes("welcome echo early")) await sleep(5);
  client.write("hello");
  while (!heard.includes("echo hello")) await sleep(5);
  expect(heard).toMatch(/^HTTP\/1\.1 101 /);
});

test("a connection that is not HTTP is forwarded whole, each direction until its sender ends it", async () => {
  const port = await freePort();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let heard = "";
    socket.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    socket.on("end", () => socket.end(heard.toUpperCase()));
  });
  onTestFinished(() => void server.close());
  const { connections } = await running(
    config(
      [
        {
          kind: "outbound-tcp",
          address: "127.0.0.1",
          port,
          servicePort: 5432,
          byAddress: { "*": clusterOf("db") },
          unknownAddresses: "refuse",
        },
      ],
      {
        db: cluster(await listening(server)),
      },
    ),
  );
  const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  client.end("select 1");
  let heard = "";
  for await (const chunk of client) heard += String(chunk);
  expect(heard).toBe("SELECT 1");
  while (connections.length === 0) await sleep(5);
  expect(connections[0]).toMatchObject({ sentBytes: 8, receivedBytes: 8 });
});

test("half a response is broken off, never passed on as a whole", async () => {
  const port = await freePort();
  const server = createServer((socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"));
    socket.on("error", () => undefined);
  });
  onTestFinished(() => void server.close());
  const { exchanges } = await running(
    config([outbound(port, wholeHost(route("a")))], { a: cluster(await listening(server)) }),
  );
  await expect(asked(port)).rejects.toThrow(/aborted|hang up|reset/i);
  expect(exchanges[0]).toMatchObject({ reason: "reset" });
});

test("garbage from a backend is answered 502", async () => {
  const port = await freePort();
  const server = createServer((socket) => {
    socket.once("data", () => socket.end("what?\r\n\r\n"));
    socket.on("error", () => undefined);
  });
  onTestFinished(() => void server.close());
  await running(config([outbound(port, wholeHost(route("a")))], { a: cluster(await listening(server)) }));
  expect((await asked(port)).status).toBe(502);
});

test("requests that come in one piece are answered in their order", async () => {
  const port = await freePort();
  const server = await backend((request, response) => {
    setTimeout(() => response.end(`<${request.url}>`), request.url === "/0" ? 50 : 0);
  });
  await running(config([inbound(port, server)]));
  const client = connect(port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  let heard = "";
  client.on("data", (chunk: Buffer) => (heard += chunk.toString()));
  const count = 50;
  client.write(Array.from({ length: count }, (_, index) => `GET /${index} HTTP/1.1\r\nhost: x\r\n\r\n`).join(""));
  while (!heard.includes(`</${count - 1}>`)) await sleep(5);
  expect([...heard.matchAll(/<\/(\d+)>/g)].map(([, index]) => Number(index))).toEqual([...Array(count).keys()]);
});

test("who asks and asks and never reads is given what there is room for, and no more", async () => {
  const port = await freePort();
  let answered = 0;
  const server = await backend((_, response) => {
    answered += 1;
    response.end(Buffer.alloc(64 * 1024));
  });
  await running(config([inbound(port, server)]));
  const client = connect(port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  client.pause();
  client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(2000));
  for (let [before, still] = [-1, 0]; still < 10; await sleep(50)) {
    still = answered === before ? still + 1 : 0;
    before = answered;
  }
  expect(answered).toBeLessThan(500);
  // Whoever reads at last gets all of it.
  const read = { bytes: 0 };
  client.on("data", (chunk: Buffer) => (read.bytes += chunk.length));
  client.resume();
  while (read.bytes < 2000 * 64 * 1024) await sleep(20);
  // Heads are among those bytes: the last ones may have yet to be asked for.
  await expect.poll(() => answered).toBe(2000);
});

test("a header that could end its line, or the message, is no configuration; what is not latin1 is sent as UTF-8", async () => {
  const port = await freePort();
  const server = await backend((request, response) => response.end(request.headers["x-set"]));
  const to = (name: string, value: string) =>
    config([outbound(port, wholeHost(route("a", { requestHeaders: { remove: [], set: [[name, value]], add: [] } })))], {
      a: cluster(server),
    });
  const { proxy } = await running(to("x-set", "grüße"));
  expect((await asked(port)).body).toBe(Buffer.from("grüße").toString("latin1"));
  for (const [name, value] of [
    ["x-set", "a\r\nx-evil: 1"],
    ["x-set", "a\0b"],
    ["x set", "a"],
    ["transfer-encoding", "chunked"],
    ["content-length", "0"],
    ["host", "elsewhere"],
  ] as const)
    await expect(proxy.taken(to(name, value)), name).rejects.toThrow();
  expect((await asked(port)).status).toBe(200);
});
