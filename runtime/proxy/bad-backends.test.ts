import { Agent } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Route } from "../../targets/native/config.ts";
import { freePort } from "../../conformance/rig/free-port.ts";
import {
  asked,
  backend,
  cluster,
  config,
  inbound,
  listening,
  outbound,
  route,
  running,
  wholeHost,
  type Running,
} from "./fixture.ts";
import { Metrics } from "./telemetry/metrics.ts";

type Behaviour = (socket: Socket, request: string, connection: number) => void;

interface Bad {
  readonly port: number;
  /** How many connections it took. */
  readonly taken: () => number;
  /** Those that the other end is still at. */
  readonly open: ReadonlySet<Socket>;
}

/** A server that does that with whatever comes, piece by piece. */
const bad = async (does: Behaviour, accepted?: (socket: Socket) => void): Promise<Bad> => {
  let taken = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    taken += 1;
    const connection = taken;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined);
    accepted?.(socket);
    socket.on("data", (chunk: Buffer) => does(socket, chunk.toString("latin1"), connection));
  });
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { port: await listening(server), taken: () => taken, open };
};

interface Scene extends Running {
  readonly port: number;
  /** What a request by a path of its own to a backend in order is answered: the others are not affected. */
  readonly others: () => Promise<string>;
}

const scene = async (ports: readonly number[], more: Partial<Route> = {}, upstream = {}): Promise<Scene> => {
  const port = await freePort();
  const good = await backend((_, response) => response.end("in order"));
  const host = {
    ...wholeHost(route("bad", more), route("good")),
    paths: { under: [{ route: 0, headers: [] }], next: { "/good": { under: [{ route: 1, headers: [] }] } } },
  };
  const clusters = { bad: cluster(...ports), good: cluster(good) };
  const made = await running(config([outbound(port, host)], clusters), undefined, { upstream });
  return { ...made, port, others: async () => (await asked(port, { path: "/good" })).body };
};

/** Waits for it; the test's own time bounds that. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(5);
};

/** The flag that Istio's metrics have of the first exchange. */
const flagOf = ({ exchanges: [first] }: Running): string | undefined => {
  const metrics = new Metrics(() => ({ id: "", identity: "" }));
  metrics.exchanged(first!);
  return metrics.counted().http[0]?.labels["response_flags"];
};

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const never: Behaviour = () => undefined;
const reset = { attempts: 1, perTry: "none", on: ["reset"], statuses: [] } as const;

/** A client that says that, and what it heard. */
const said = (port: number, text: string): { readonly socket: Socket; readonly heard: () => string } => {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  let heard = "";
  socket.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(text);
  return { socket, heard: () => heard };
};
const get = "GET / HTTP/1.1\r\nhost: server\r\n\r\n";

test("one that never answers is answered for when the time is over, and its connection is closed", async () => {
  const { port: at, open } = await bad(never);
  const made = await scene([at], { timeout: 100 });
  expect(await asked(made.port)).toMatchObject({ status: 504, body: "upstream request timeout\n" });
  expect(flagOf(made)).toBe("timeout");
  await until(() => open.size === 0);
  expect(await made.others()).toBe("in order");
});

test("without a time, one that never answers is left when the caller leaves, however that says so", async () => {
  const { port: at, open } = await bad(never);
  const made = await scene([at]);
  for (const leaves of ["end", "destroy", "resetAndDestroy"] as const) {
    const { socket } = said(made.port, get);
    await until(() => open.size === 1);
    socket[leaves]();
    await until(() => open.size === 0);
  }
  expect(made.exchanges.map(({ status, reason }) => `${status} ${reason}`)).toEqual(
    Array.from({ length: 3 }, () => "0 downstream gone"),
  );
});

test("a caller's leaving is told from proxy to proxy to the application", async () => {
  const [callee, application] = [await freePort(), await bad(never)];
  await running(config([inbound(callee, application.port)]));
  const { port, exchanges } = await scene([callee]);
  const { socket } = said(port, get);
  await until(() => application.open.size === 1);
  socket.end();
  await until(() => application.open.size === 0);
  expect(exchanges[0]).toMatchObject({ reason: "downstream gone" });
});

test("one that stalls within its body is broken off when the time is over", async () => {
  const { port: at, open } = await bad((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"));
  const made = await scene([at], { timeout: 100 });
  await expect(asked(made.port)).rejects.toThrow();
  expect(flagOf(made)).toBe("timeout");
  await until(() => open.size === 0);
  expect(await made.others()).toBe("in order");
});

test("the time is counted from when the request is whole: who uploads slowly is not cut off", async () => {
  const { port: at } = await bad((socket, text) => {
    if (text.endsWith("d")) socket.write(ok);
  });
  const retries = { attempts: 0, perTry: 1000, on: ["5xx"], statuses: [] } as const;
  const { port } = await scene([at], { timeout: 1000, retries });
  const { socket, heard } = said(port, "POST / HTTP/1.1\r\nhost: server\r\ncontent-length: 4\r\n\r\n");
  for (const letter of "abcd") {
    await sleep(400);
    socket.write(letter);
  }
  await until(() => heard() !== "");
  expect(heard()).toMatch(/^HTTP\/1\.1 200 /);
});

test("a megabyte of headers is answered 502, whether it is poured or dripped, and no more of it is read", async () => {
  const line = `x-a: ${"y".repeat(1000)}\r\n`;
  const poured = await bad((socket) =>
    socket.write(`HTTP/1.1 200 OK\r\n${line.repeat(1000)}content-length: 0\r\n\r\n`),
  );
  let dripped = 0;
  const dripping = await bad((socket) => {
    socket.setNoDelay(true).write("HTTP/1.1 200 OK\r\nx-a: ");
    const drip = (): void => {
      if (socket.destroyed) return;
      dripped += 1;
      socket.write("y", () => setImmediate(drip));
    };
    drip();
  });
  const made = await scene([poured.port]);
  expect((await asked(made.port)).status).toBe(502);
  expect(flagOf(made)).toBe("malformed-response");
  const slow = await scene([dripping.port]);
  expect((await asked(slow.port)).status).toBe(502);
  await until(() => poured.open.size + dripping.open.size === 0);
  expect(dripped).toBeLessThan(1_000_000);
});

test("a head that drips takes no memory for each of its pieces", async () => {
  const pieces = 2000;
  const { port: at } = await bad((socket) => {
    socket.setNoDelay(true);
    const drip = (left: number): void =>
      void (left === 0
        ? socket.write("\r\ncontent-length: 2\r\n\r\nok")
        : socket.write("y", () => setImmediate(drip, left - 1)));
    socket.write("HTTP/1.1 200 OK\r\nx-a: ", () => drip(pieces));
  });
  const { port } = await scene([at]);
  let most = 0;
  const before = process.memoryUsage().arrayBuffers;
  const looking = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)), 1);
  onTestFinished(() => clearInterval(looking));
  expect((await asked(port)).headers["x-a"]).toHaveLength(pieces);
  // Of 64 KiB for each piece that would be 125 MiB.
  expect(most).toBeLessThan(pieces * 16 * 1024);
});

const hint = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";

test("interim responses are passed on, and one that tells of nothing else is answered for and left", async () => {
  const few = await bad((socket) => socket.write(hint.repeat(16) + ok));
  const { port } = await scene([few.port]);
  const told = said(port, get);
  await until(() => told.heard().endsWith("ok"));
  expect(told.heard().split("103 Early Hints")).toHaveLength(17);

  const endless = await bad((socket) => {
    const more = (): void => {
      if (socket.destroyed) return;
      if (socket.write(hint.repeat(100))) setImmediate(more);
      else socket.once("drain", more);
    };
    more();
  });
  const made = await scene([endless.port]);
  const { heard } = said(made.port, get);
  await until(() => heard().includes("HTTP/1.1 502"));
  expect(heard().split("103 Early Hints")).toHaveLength(17);
  await until(() => endless.open.size === 0);
  expect(flagOf(made)).toBe("malformed-response");
  expect(await made.others()).toBe("in order");
});

test("there is no other attempt once the caller heard an interim response", async () => {
  const first = await bad((socket) => {
    socket.write("HTTP/1.1 103 Early Hints\r\n\r\n");
    setTimeout(() => socket.resetAndDestroy(), 50);
  });
  const made = await scene([first.port], { retries: { attempts: 3, perTry: "none", on: ["5xx"], statuses: [] } });
  expect((await asked(made.port)).status).toBe(503);
  expect(made.exchanges[0]).toMatchObject({ attempts: 1, reason: "reset" });
});

test("an answer to half a request is passed on, and neither connection is used again", async () => {
  const { port: at, open, taken } = await bad((socket) => socket.write(ok));
  const { port } = await scene([at]);
  const { socket, heard } = said(port, "POST / HTTP/1.1\r\nhost: server\r\ncontent-length: 4\r\n\r\nab");
  await new Promise((resolve) => socket.once("end", resolve));
  expect(heard()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n\r\nok$/);
  await until(() => open.size === 0);
  expect((await asked(port)).body).toBe("ok");
  expect(taken()).toBe(2);
});

test("half a response is broken off where its connection is reset, however its body would have ended", async () => {
  for (const framing of ["content-length: 9\r\n", "transfer-encoding: chunked\r\n", ""]) {
    const { port: at } = await bad((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n1\r\na\r\n`);
      setTimeout(() => socket.resetAndDestroy(), 50);
    });
    const made = await scene([at]);
    await expect(asked(made.port), framing).rejects.toThrow();
    expect(flagOf(made)).toBe("reset");
    expect(await made.others()).toBe("in order");
  }
});

test("what comes after a body's end belongs to nobody, whether it comes with it or later", async () => {
  for (const laterMs of [0, 50]) {
    const {
      port: at,
      taken,
      open,
    } = await bad((socket) => {
      socket.write(laterMs === 0 ? `${ok}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil` : ok);
      if (laterMs > 0) setTimeout(() => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"), laterMs);
    });
    const { port } = await scene([at]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect((await asked(port, { agent })).body).toBe("ok");
    await until(() => open.size === 0);
    expect((await asked(port, { agent })).body).toBe("ok");
    expect(taken()).toBe(2);
  }
});

test("one that closes as soon as it accepts is answered for with 503, or asked elsewhere where the policy says so", async () => {
  const closing = await bad(never, (socket) => socket.end());
  const alone = await scene([closing.port]);
  expect((await asked(alone.port)).status).toBe(503);
  expect(flagOf(alone)).toBe("reset");
  expect(closing.taken()).toBe(1);
  const alive = await backend((_, response) => response.end("alive"));
  const { port, exchanges } = await scene([closing.port, alive], { retries: reset });
  for (let time = 0; time < 20; time += 1)
    expect((await asked(port, { method: "POST", body: "x" })).body).toBe("alive");
  expect(exchanges.some(({ attempts }) => attempts === 2)).toBe(true);
});

/** A port whose kernel answers nobody any more: its process sleeps, and as many wait to be taken as may. */
const blackHole = async (): Promise<number> => {
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20);
     });`,
    { eval: true },
  );
  onTestFinished(async () => void (await worker.terminate()));
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  await sleep(100);
  for (let waiting = 0; waiting < 4; waiting += 1) {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    onTestFinished(() => void socket.destroy());
  }
  await sleep(50);
  return port;
};

test("one that takes nobody is given up when the time to connect is over, and others are asked", async () => {
  const [hole, alive] = [await blackHole(), await backend((_, response) => response.end("alive"))];
  const connecting = { connectMs: 1000 };
  const made = await scene([hole], {}, connecting);
  expect(await asked(made.port)).toMatchObject({ status: 503, body: "upstream connect timeout\n" });
  expect(flagOf(made)).toBe("connect-timeout");
  expect(await made.others()).toBe("in order");
  const retries = { attempts: 1, perTry: 500, on: ["connect-failure"], statuses: [] } as const;
  const { port, exchanges } = await scene([hole, alive], { retries }, connecting);
  while (exchanges.every(({ attempts }) => attempts < 2)) expect((await asked(port)).body).toBe("alive");
});

test("a kept connection that is reset as it is used again is no failure where to ask twice does no harm", async () => {
  const answersOnce: Behaviour = (socket, request) => {
    if (socket.bytesRead === request.length) socket.write(ok);
    else socket.resetAndDestroy();
  };
  const { port: at, taken } = await bad(answersOnce);
  const made = await scene([at]);
  expect((await asked(made.port)).body).toBe("ok");
  expect((await asked(made.port)).body).toBe("ok");
  expect(taken()).toBe(2);
  expect(made.exchanges[1]).toMatchObject({ attempts: 1, status: 200 });
  // Nobody knows whether it was taken.
  expect((await asked(made.port, { method: "POST", body: "x" })).status).toBe(503);
  const allowing = await scene([at], { retries: reset });
  for (let time = 0; time < 4; time += 1)
    expect((await asked(allowing.port, { method: "POST", body: "x" })).body).toBe("ok");
});

test("the next attempt has the whole body, also of what came between the attempts, and more than is kept", async () => {
  // The longest wait that there is between attempts.
  const random = vi.spyOn(Math, "random").mockReturnValue(0.999);
  onTestFinished(() => {
    random.mockRestore();
  });
  const whole = `first${"x".repeat(70_000)}last`;
  let second = "";
  const answers = (socket: Socket, text: string, connection: number): void => {
    if (connection === 1) return void socket.write("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
    second += text;
    if (text.endsWith("last")) socket.write(ok);
  };
  let hasLeft = (): void => undefined;
  const left = new Promise<void>((resolve) => (hasLeft = resolve));
  const { port: at, taken } = await bad(answers, (socket) => socket.once("close", hasLeft));
  const retries = { ...reset, on: ["5xx"] } as const;
  const { port, exchanges } = await scene([at], { retries });
  const { socket, heard } = said(
    port,
    `POST / HTTP/1.1\r\nhost: server\r\ncontent-length: ${whole.length}\r\n\r\nfirst`,
  );
  // The proxy leaves a connection whose answer asks for another attempt.
  await left;
  socket.write("x".repeat(70_000));
  await until(() => taken() === 2);
  socket.write("last");
  await until(() => heard() !== "");
  expect(heard()).toMatch(/^HTTP\/1\.1 200 /);
  expect(second.slice(second.indexOf("\r\n\r\n") + 4)).toBe(whole);
  expect(exchanges[0]).toMatchObject({ status: 200, attempts: 2, requestBytes: whole.length });
});
