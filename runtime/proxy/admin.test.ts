import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { proxyAdmin } from "./admin.ts";
import { identity } from "./fixture.ts";
import { Metrics, metricsText } from "./telemetry/metrics.ts";

const record = {
  role: "inbound",
  startedAt: 0,
  milliseconds: 1,
  method: "GET",
  target: "/",
  host: "server",
  requestId: "",
  status: 200,
  reason: "",
  attempts: 1,
  requestBytes: 0,
  responseBytes: 0,
  service: "application:80",
  cluster: "inbound|80",
  endpoint: undefined,
  callerAddress: "127.0.0.1",
  caller: undefined,
} as const;

const admin = async (metrics: Metrics): Promise<number> => {
  const workers = {
    count: 1,
    status: () => Promise.resolve([]),
    counted: () => Promise.resolve([metrics.counted()]),
    close: () => Promise.resolve(),
  };
  const { port, close } = await proxyAdmin(workers, { address: "127.0.0.1", port: 0 }, () => false);
  onTestFinished(close);
  return port;
};

const asked = (port: number, path: string, headers: Readonly<Record<string, string>>) =>
  new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port, path, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asking.on("error", reject);
    asking.end();
  });

test("who holds more connections than there may be keeps no probe out", async () => {
  const port = await admin(new Metrics(() => ({ id: "shop/server", identity })));
  const sockets = Array.from({ length: 101 }, () => connect(port, "127.0.0.1").resume());
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.any(sockets.map((socket) => once(socket, "close")));
  expect((await asked(port, "/healthz", { host: "localhost" })).status).toBe(200);
  // One for the last of them, and one for the probe: whoever is silent for long is ended in any case, but all are then.
  await expect.poll(() => sockets.filter(({ closed }) => closed).length).toBe(2);
});

test("who asks by an address of this machine is answered, no page that reaches it by a name of its own", async () => {
  const port = await admin(new Metrics(() => ({ id: "shop/server", identity })));
  const status = async (headers: Readonly<Record<string, string>>) => (await asked(port, "/healthz", headers)).status;
  for (const host of ["127.0.0.1", `127.0.0.1:${port}`, `localhost:${port}`, "LOCALHOST", "[::1]:80", "127.0.0.7"])
    expect(await status({ host }), host).toBe(200);
  for (const host of [
    "evil.test",
    `evil.test:${port}`,
    "127.0.0.1.evil.test",
    "127.evil.test",
    "192.0.2.1",
    "[::2]",
    "[",
  ])
    expect(await status({ host }), host).toBe(421);
  const host = `127.0.0.1:${port}`;
  expect(await status({ host, origin: `http://${host}` })).toBe(200);
  for (const origin of ["http://evil.test", "null", "http://127.0.0.1:1"])
    expect(await status({ host, origin })).toBe(403);
});

test("statuses that nobody registered are one, and thousands of series are shown whole", async () => {
  const metrics = new Metrics(() => ({ id: "shop/server", identity }));
  for (let status = 100; status < 600; status += 1) metrics.exchanged({ ...record, status });
  metrics.exchanged({ ...record, status: 0 });
  const codes = new Set(metrics.counted().http.map(({ labels }) => labels["response_code"]));
  expect(codes.size).toBeLessThan(80);
  for (const code of ["0", "200", "404", "503", "other"]) expect(codes).toContain(code);
  for (let caller = 0; caller < 2000; caller += 1)
    metrics.exchanged({ ...record, caller: `spiffe://cluster.local/ns/shop/sa/caller-${caller}` });
  const { body } = await asked(await admin(metrics), "/metrics", {});
  expect(body.length).toBeGreaterThan(1 << 20);
  expect(body).toBe(metricsText([metrics.counted()]));
});
