import fc from "fast-check";
import { expect, test } from "vitest";
import { freePort } from "../../../conformance/rig/free-port.ts";
import { backend } from "../../proxy/fixture.ts";
import { Metrics, metricsText } from "../../proxy/telemetry/metrics.ts";
import { totals, type Total } from "./flows.ts";
import { polled } from "./polled.ts";
import { samples } from "./samples.ts";
import { Traffic } from "./traffic.ts";

const caller = "shop/client";

const total = (count: number, more: Partial<Total> = {}): Total => ({
  from: caller,
  service: "server.shop.svc.cluster.local",
  port: undefined,
  to: "shop/server-v1",
  mtls: true,
  outcome: "answered",
  count,
  ...more,
});

/** Rates to one decimal, by who got it. */
const rates = (traffic: Traffic, at: number): Readonly<Record<string, number>> =>
  Object.fromEntries(
    traffic.measured(at).map(({ to, outcome, perSecond }) => [`${to} ${outcome}`, Math.round(perSecond * 10) / 10]),
  );

test("what was counted before the first look is no rate", () => {
  const traffic = new Traffic();
  traffic.answered(caller, [total(1_000_000)], 0);
  expect(traffic.measured(0)).toEqual([]);
  traffic.answered(caller, [total(1_000_100)], 1000);
  expect(rates(traffic, 1000)).toEqual({ "shop/server-v1 answered": 100 });
});

test("a version that is called for the first time counts from nothing", () => {
  const traffic = new Traffic();
  traffic.answered(caller, [total(50)], 0);
  traffic.answered(caller, [total(80), total(10, { to: "shop/server-v2" })], 1000);
  expect(rates(traffic, 1000)).toEqual({ "shop/server-v1 answered": 30, "shop/server-v2 answered": 10 });
});

test("a worker that begins anew makes no peak, and rates go on after it", () => {
  const traffic = new Traffic();
  traffic.answered(caller, [total(1000)], 0);
  traffic.answered(caller, [total(1100)], 1000);
  traffic.answered(caller, [total(600)], 2000);
  expect(rates(traffic, 2000)).toEqual({ "shop/server-v1 answered": 100 });
  traffic.answered(caller, [total(700)], 3000);
  expect(rates(traffic, 3000)).toEqual({ "shop/server-v1 answered": 100 });
});

test("a proxy that began anew and was not called yet has forgotten its flows: that is a restart too", () => {
  const traffic = new Traffic();
  traffic.answered(caller, [total(1000), total(5, { to: "shop/server-v2" })], 0);
  traffic.answered(caller, [total(1001)], 1000);
  expect(traffic.measured(1000)).toEqual([]);
});

test("a proxy that does not answer is named, and what it said last is soon no longer said", () => {
  const traffic = new Traffic();
  traffic.answered(caller, [total(0)], 0);
  traffic.answered(caller, [total(10)], 1000);
  traffic.unanswered(caller);
  expect(traffic.silent()).toEqual([caller]);
  expect(rates(traffic, 2000)).toEqual({ "shop/server-v1 answered": 10 });
  expect(traffic.measured(7000)).toEqual([]);
  // The calls of the whole time in which nobody asked are spread over it.
  traffic.answered(caller, [total(100)], 10_000);
  expect(traffic.silent()).toEqual([]);
  expect(rates(traffic, 10_000)).toEqual({ "shop/server-v1 answered": 10 });
});

test("what left the mesh is forgotten", () => {
  const traffic = new Traffic();
  traffic.answered(caller, [total(0)], 0);
  traffic.answered(caller, [total(10)], 1000);
  traffic.unanswered("shop/gone");
  traffic.keep(new Set());
  expect([traffic.measured(1000), traffic.silent()]).toEqual([[], []]);
});

test("a rate is never less than nothing nor more than what was counted, whatever falls and is missed", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(100), fc.constant("silent" as const)), { maxLength: 30 }), (seen) => {
      const traffic = new Traffic();
      let most = 0;
      for (const [second, count] of seen.entries()) {
        if (count === "silent") traffic.unanswered(caller);
        else {
          traffic.answered(caller, [total(count)], second * 1000);
          most = Math.max(most, count);
        }
        for (const { perSecond } of traffic.measured(second * 1000)) {
          expect(perSecond).toBeGreaterThan(0);
          expect(perSecond).toBeLessThanOrEqual(most);
        }
      }
    }),
  );
});

test("reads what the proxy itself writes: codes become outcomes, and what arrives is not counted twice", () => {
  const metrics = new Metrics(() => ({ id: caller, identity: "spiffe://cluster.local/ns/shop/sa/client" }));
  const exchanged = (role: "outbound" | "inbound", status: number): void =>
    metrics.exchanged({
      role,
      status,
      startedAt: 0,
      milliseconds: 1,
      method: "GET",
      target: "/",
      host: "server",
      requestId: "1",
      reason: "",
      attempts: 1,
      requestBytes: 0,
      responseBytes: 0,
      service: `server"\\`,
      cluster: "",
      endpoint: undefined,
      callerAddress: "127.0.0.1",
      caller: undefined,
    });
  for (const status of [200, 204, 404, 403, 403, 500, 503, 0]) exchanged("outbound", status);
  exchanged("inbound", 200);
  metrics.connected({
    role: "outbound",
    startedAt: 0,
    milliseconds: 1,
    reason: "",
    sentBytes: 1,
    receivedBytes: 1,
    cluster: "db.shop.svc.cluster.local||5432",
    endpoint: { address: "127.0.0.1", port: 1, workload: "shop/db", identity: "spiffe://cluster.local/ns/shop/sa/db" },
    callerAddress: "127.0.0.1",
    caller: undefined,
  });
  const found = totals(caller, metricsText([metrics.counted()]));
  const counted = Map.groupBy(found, ({ service, port, to, mtls, outcome }) =>
    [service, port, to, mtls, outcome].join(" "),
  );
  expect(
    Object.fromEntries([...counted].map(([key, all]) => [key, all.reduce((sum, { count }) => sum + count, 0)])),
  ).toEqual({
    [`server"\\   false answered`]: 3,
    [`server"\\   false refused`]: 2,
    [`server"\\   false failed`]: 3,
    "db.shop.svc.cluster.local 5432 shop/db true answered": 1,
  });
});

test("what is no sample is passed over", () => {
  expect(samples('# TYPE a counter\na NaN\na{b="c"} 1\nother 2\na -1\n\u0000{', new Set(["a"]))).toEqual([
    { name: "a", labels: { b: "c" }, value: 1 },
  ]);
});

test("asks proxies that run, and names the one that does not", async () => {
  let count = 0;
  const port = await backend((_, response) => {
    count += 10;
    response.end(
      `istio_requests_total{reporter="source",destination_service="server",destination_workload="server",destination_workload_namespace="shop",connection_security_policy="none",response_code="200"} ${count}\n`,
    );
  });
  const counts = new Map(
    [[caller, port] as const, ["shop/gone", await freePort()] as const].map(([proxy, at]) => [
      proxy,
      { url: `http://127.0.0.1:${at}/metrics`, totals: (text: string) => totals(proxy, text) },
    ]),
  );
  const seen = await new Promise<Traffic>((resolve) => {
    const polling = polled({
      counts: () => counts,
      told: (traffic) => {
        if (traffic.measured(performance.now()).length === 0) return;
        polling.stop();
        resolve(traffic);
      },
    });
  });
  expect(seen.silent()).toEqual(["shop/gone"]);
  expect(seen.measured(performance.now())).toMatchObject([{ from: caller, service: "server", to: "shop/server" }]);
});
