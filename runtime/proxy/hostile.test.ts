import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { GatewayPort, Listener } from "../../targets/native/config.ts";
import type { ProxyLimits } from "./proxy.ts";
import { freePort } from "../../conformance/rig/free-port.ts";
import {
  asked,
  backend,
  cluster,
  config,
  everybody,
  gateway,
  inbound,
  listening,
  outbound,
  route,
  running,
  wholeHost,
  type Running,
} from "./fixture.ts";

/** Waits for it; the test's own time bounds that. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(5);
};

interface Client {
  readonly socket: Socket;
  readonly heard: () => string;
  readonly isClosed: () => boolean;
}

const said = (port: number, text: string): Client => {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  let heard = "";
  let isClosed = false;
  socket.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.on("end", () => (isClosed = true));
  socket.on("close", () => (isClosed = true));
  socket.write(Buffer.from(text, "latin1"));
  return { socket, heard: () => heard, isClosed: () => isClosed };
};

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** What a server is told, byte by byte; it answers every piece, or what ends so. */
const hearing = async (answer = ok, asksBy = "") => {
  let heard = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
      if (heard.endsWith(asksBy)) socket.write(Buffer.from(answer, "latin1"));
    });
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: await listening(server), heard: () => heard, sockets };
};

const head = (...lines: readonly string[]): string =>
  `${["GET / HTTP/1.1", "Host: server", ...lines].join("\r\n")}\r\n\r\n`;
const edits = { remove: ["x-internal"], set: [["x-from-gateway", "yes"]], add: [] } as const;

const edgePort = (port: number): GatewayPort =>
  gateway(port, wholeHost(route("a", { requestHeaders: edits, responseHeaders: edits })), {
    targetPort: 80,
    access: everybody,
  });

/** The same server behind a gateway, behind its own proxy, and called by a workload. */
const scene = async (answer?: string, limits?: Partial<ProxyLimits>, asksBy?: string) => {
  const server = await hearing(answer, asksBy);
  const [gatewayPort, inPort, outPort] = [await freePort(), await freePort(), await freePort()];
  const listeners = [
    edgePort(gatewayPort),
    inbound(inPort, server.port),
    outbound(outPort, wholeHost(route("a", { requestHeaders: edits, responseHeaders: edits }))),
  ];
  const made: Running = await running(config(listeners, { a: cluster(server.port) }), limits);
  return { ...made, ...server, server, gatewayPort, inPort, outPort };
};

test("what a caller names in Connection takes away nothing that the configuration says", async () => {
  const { gatewayPort, outPort, heard } = await scene();
  for (const port of [gatewayPort, outPort]) {
    const before = heard().length;
    const client = said(port, head("Connection: x-from-gateway, x-mine", "X-From-Gateway: no", "X-Mine: 1"));
    await until(() => client.heard().endsWith("ok"));
    const told = heard().slice(before);
    expect(told).toContain("x-from-gateway: yes\r\n");
    expect(told).not.toMatch(/x-from-gateway: no|x-mine/);
  }
  for (const name of ["x-forwarded-for", "X-Forwarded-Client-Cert", "host"]) {
    const client = said(gatewayPort, head(`Connection: ${name}`));
    await until(() => client.isClosed());
    expect(client.heard()).toMatch(/^HTTP\/1.1 400 /);
  }
});

test("nor does a server take away what is said to its caller", async () => {
  const { outPort } = await scene(
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: x-from-gateway, x-mine\r\nx-mine: 1\r\n\r\nok",
  );
  const client = said(outPort, head());
  await until(() => client.heard().endsWith("ok"));
  expect(client.heard()).toContain("x-from-gateway: yes\r\n");
  expect(client.heard()).not.toContain("x-mine");
});

test("from outside of the mesh nobody says what proxies say, by no name for it", async () => {
  const { gatewayPort, inPort, outPort, heard } = await scene();
  const lines = [
    "X-Request-Id: chosen",
    "X-Forwarded-For: 192.0.2.1",
    "X_Forwarded_For: 192.0.2.1",
    "X-Forwarded_Client-Cert: By=x",
    "Content_Length: 5",
    "X-Envoy-Internal: true",
    "x_envoy_upstream_rq_timeout_ms: 1",
    "x_mine: 1",
    "Forwarded: for=192.0.2.1",
  ];
  const namesAt = async (port: number): Promise<string> => {
    const before = heard().length;
    const client = said(port, head(...lines));
    await until(() => client.heard().endsWith("ok"));
    return heard().slice(before);
  };
  const atGateway = await namesAt(gatewayPort);
  expect(atGateway).not.toMatch(/chosen|x_forwarded|forwarded_|content_length|x-envoy|x_envoy|x-forwarded-for: 192/);
  expect(atGateway).toMatch(/\r\nx-request-id: [0-9a-f-]{36}\r\n/);
  expect(atGateway).toMatch(/\r\nx_mine: 1\r\nforwarded: for=192.0.2.1\r\n/);
  const atInbound = await namesAt(inPort);
  expect(atInbound).not.toMatch(/x_forwarded|forwarded_|content_length|x_envoy/);
  expect(atInbound).toMatch(/\r\nx-request-id: chosen\r\n[^]*x-envoy-internal: true\r\n/);
  expect(await namesAt(outPort)).toContain("x_forwarded_for: 192.0.2.1\r\n");
});

test("trailers stay behind, however they come", async () => {
  const body = "5\r\nhello\r\n0\r\nX-Internal: 1\r\nx-forwarded-for: 192.0.2.1\r\n\r\n";
  const start = "POST / HTTP/1.1\r\nHost: server\r\nTransfer-Encoding: chunked\r\n\r\n";
  const passed = "5\r\nhello\r\n0\r\n\r\n";
  const { gatewayPort, heard } = await scene(ok, {}, passed);
  for (const pieces of [[body], [...body]]) {
    const client = said(gatewayPort, "");
    client.socket.setNoDelay(true);
    // Twice: what comes next is read from where the trailers end.
    for (const times of [1, 2]) {
      client.socket.write(start);
      for (const piece of pieces) {
        client.socket.write(piece);
        await sleep(2);
      }
      await until(() => client.heard().split("HTTP/1.1 200").length > times);
    }
  }
  expect(heard().split(passed)).toHaveLength(5);
  expect(heard()).not.toMatch(/192\.0\.2\.1|x-internal/i);
  const back = await scene(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body}`);
  const client = said(back.gatewayPort, head());
  await until(() => client.heard().endsWith(passed));
});

test("an upgrade to something else than was asked for is none", async () => {
  for (const [granted, status] of [
    ["websocket", 101],
    ["WebSocket", 101],
    ["h2c", 502],
  ] as const) {
    const { outPort } = await scene(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${granted}\r\n\r\n`,
    );
    const client = said(outPort, head("Connection: upgrade", "Upgrade: websocket"));
    await until(() => client.heard().includes("\r\n\r\n"));
    expect(client.heard()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  }
});

test("a path with an escaped NUL is none, wherever it arrives", async () => {
  const { gatewayPort, inPort, outPort, heard } = await scene();
  for (const port of [gatewayPort, inPort, outPort]) {
    expect((await asked(port, { path: "/a%00b" })).status).toBe(400);
    expect((await asked(port, { path: "/a?b=%00" })).status).toBe(200);
  }
  expect(heard()).not.toContain("/a%00");
});

test("a proxy that passes on what it does not know does not call itself", async () => {
  const [http, tcp, wide] = [await freePort(), await freePort(), await freePort()];
  const other = await backend((_, response) => response.end("other"));
  const open: Listener = {
    ...(outbound(http, wholeHost(route("a"))) as Extract<Listener, { kind: "outbound-http" }>),
    unknownHosts: "pass",
  };
  const whole: Listener = {
    kind: "outbound-tcp",
    address: "127.0.0.1",
    port: tcp,
    servicePort: 5432,
    byAddress: {},
    unknownAddresses: "pass",
  };
  const made = await running(
    config(
      [
        open,
        whole,
        { ...open, address: "0.0.0.0", port: wide },
        { ...whole, address: "0.0.0.0", port: await freePort() },
      ],
      {
        a: cluster(other),
      },
    ),
  );
  for (const port of [http, wide]) {
    expect(await asked(port, { host: "elsewhere" })).toMatchObject({ status: 502, body: "no such host in the mesh\n" });
    expect((await asked(port)).body).toBe("other");
  }
  const client = said(tcp, "x");
  await until(() => client.isClosed());
  expect(made.connections).toHaveLength(1);
  expect(made.connections[0]).toMatchObject({ cluster: "BlackHoleCluster", endpoint: undefined });
});

test("a connection that says nothing, or half a head, has so long for its first request; afterwards it may wait", async () => {
  const { inPort } = await scene(undefined, { headMs: 200 });
  const silent = said(inPort, "");
  const half = said(inPort, "GET / HTTP/1.1\r\nHo");
  const kept = said(inPort, head());
  await until(() => silent.isClosed() && half.isClosed());
  expect(silent.heard()).toBe("");
  expect(half.heard()).toMatch(/^HTTP\/1.1 408 /);
  await sleep(300);
  kept.socket.write(head());
  await until(() => kept.heard().split("HTTP/1.1 200").length === 3);
});

test("a body that stands still is not waited for, nor is who takes no more; a server that thinks is", async () => {
  const { exchanges, proxy } = await scene(undefined, { stalledMs: 200 });
  const silent = createServer((socket) => void socket.on("error", () => undefined).resume());
  onTestFinished(() => void silent.close());
  const slow = await backend((_, response) => {
    setTimeout(() => response.write("first"), 500);
    setTimeout(() => response.end("last"), 1000);
  });
  const large = await backend((_, response) => void response.end(Buffer.alloc(64 << 20)));
  const [silentPort, slowPort, largePort] = [await freePort(), await freePort(), await freePort()];
  await proxy.taken(
    config([inbound(silentPort, await listening(silent)), inbound(slowPort, slow), inbound(largePort, large)]),
  );
  expect((await asked(slowPort)).body).toBe("firstlast");
  const waiting = said(silentPort, "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 100\r\n\r\nx");
  await until(() => waiting.isClosed());
  expect(waiting.heard()).toMatch(/^HTTP\/1.1 408 /);
  const reading = said(largePort, head());
  reading.socket.pause();
  const before = exchanges.length;
  await until(() => exchanges.length > before);
  expect(exchanges.at(-1)).toMatchObject({ status: 200, reason: "timeout" });
});

test("callers are as many as there are descriptors for, at all ports together, and at one port half of them", async () => {
  const server = await hearing();
  const [a, b, c] = [await freePort(), await freePort(), await freePort()];
  // Two fifths of what is left beside the reserve are 53.
  const { proxy } = await running(config([a, b, c].map((port) => inbound(port, server.port))), {
    descriptors: 256 + 10,
  });
  const crowded = async (port: number, refused: number) => {
    const many = Array.from({ length: 60 }, () => said(port, ""));
    await until(() => many.filter(({ isClosed }) => isClosed()).length === refused);
    return many;
  };
  const atA = await crowded(a, 60 - 27);
  const served = said(b, head("Connection: close"));
  await until(() => served.isClosed());
  expect(served.heard()).toMatch(/^HTTP\/1.1 200 /);
  served.socket.destroy();
  await sleep(50);
  const atB = await crowded(b, 60 - 26);
  const late = said(c, head());
  await until(() => late.isClosed());
  expect(late.heard()).toBe("");
  for (const { socket } of [...atA, ...atB]) socket.destroy();
  let again = said(c, head());
  while (!again.heard().endsWith("ok")) {
    await sleep(20);
    if (again.isClosed()) again = said(c, head());
  }
  again.socket.destroy();
  // A single port needs to leave none to others.
  await proxy.taken(config([inbound(c, server.port)]));
  await sleep(50);
  await crowded(c, 60 - 53);
});
