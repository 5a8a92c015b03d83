import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import type { LogEntry } from "../../log/log.ts";
import { PassFailure } from "../failure.ts";
import { reporterOf, syncAdmin, syncMetrics } from "./index.ts";
import type { Healing } from "./healing.ts";
import type { PassReport } from "./reporter.ts";

const pass: PassReport = {
  commit: "a".repeat(40),
  objects: 7,
  writes: { created: 3, changed: 2, deleted: 1 },
  steps: 2,
  milliseconds: 1200,
  warnings: [],
};
const healing: Healing = { name: "VirtualService shop/cart", what: "changed", by: ["kubectl-edit"] };

/** As where the parent is a ConfigMap: an API server is asked nothing. */
const withoutCluster = () => {
  const metrics = syncMetrics({ now: () => 5000 });
  const logged: LogEntry[] = [];
  const unasked = () => Promise.reject(new Error("nothing is to be asked"));
  const reporter = reporterOf({
    api: { get: unasked, apply: unasked },
    signal: new AbortController().signal,
    parent: { apiVersion: "v1", kind: "ConfigMap", namespace: "mesh", name: "inventory" },
    generation: () => 1,
    instance: "pod-1",
    log: (entry) => logged.push(entry),
    metrics,
  });
  return { metrics, logged, reporter };
};

test("what was told is counted and logged", async () => {
  const { metrics, logged, reporter } = withoutCluster();
  metrics.leads(true);
  await reporter.passed(pass);
  await reporter.passed(pass);
  await reporter.failed(new PassFailure("Fetched", "RateLimited", "later", 1000), undefined);
  await reporter.failed(new PassFailure("Planned", "Foreign", "theirs"), pass.commit);
  await reporter.healed(healing);
  await reporter.fought(healing, 3);
  const lines = metrics.text().split("\n");
  for (const line of [
    "meshwright_sync_leader 1",
    'meshwright_sync_passes_total{result="passed",reason="Succeeded"} 2',
    'meshwright_sync_passes_total{result="failed",reason="RateLimited"} 1',
    'meshwright_sync_passes_total{result="failed",reason="Foreign"} 1',
    "meshwright_sync_last_success_timestamp_seconds 5",
    'meshwright_sync_pass_duration_seconds_bucket{le="1"} 0',
    'meshwright_sync_pass_duration_seconds_bucket{le="2.5"} 2',
    "meshwright_sync_pass_duration_seconds_sum 2.4",
    "meshwright_sync_objects 7",
    'meshwright_sync_writes_total{operation="created"} 6',
    'meshwright_sync_writes_total{operation="deleted"} 2',
    'meshwright_sync_healings_total{kind="VirtualService",what="changed"} 1',
    'meshwright_sync_fights_total{kind="VirtualService"} 1',
    'meshwright_sync_fetch_failures_total{reason="RateLimited"} 1',
  ])
    expect(lines).toContain(line);
  expect(logged.map(({ level, event }) => `${level} ${event}`)).toEqual([
    "info commit in force",
    "info commit in force",
    "error pass failed",
    "error pass failed",
    "warn drift healed",
    "warn drift goes on",
  ]);
});

test("a replica is ready while others lead, and in a term of its own once a pass has ended", async () => {
  const { metrics, reporter } = withoutCluster();
  const admin = await syncAdmin(metrics, { address: "127.0.0.1", port: 0 });
  const asked = async (path: string, method = "GET"): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${admin.port}${path}`, { method });
    await answer.arrayBuffer();
    return answer.status;
  };
  try {
    const seen = [await asked("/readyz")];
    metrics.leads(true);
    seen.push(await asked("/readyz"));
    await reporter.failed(new PassFailure("Compiled", "DoesNotCompile", "no"), pass.commit);
    seen.push(await asked("/readyz"));
    metrics.leads(false);
    seen.push(await asked("/readyz"));
    metrics.leads(true);
    seen.push(await asked("/readyz"));
    expect(seen).toEqual([200, 503, 200, 200, 503]);
    expect([
      await asked("/healthz"),
      await asked("/metrics"),
      await asked("/x"),
      await asked("/healthz", "POST"),
    ]).toEqual([200, 200, 404, 405]);
  } finally {
    await admin.close();
  }
});

test("whoever holds connections does not keep a probe from its answer", async () => {
  const { metrics } = withoutCluster();
  const admin = await syncAdmin(metrics, { address: "127.0.0.1", port: 0 });
  const idle = Array.from({ length: 150 }, () => connect(admin.port, "127.0.0.1").on("error", () => undefined));
  try {
    await Promise.all(idle.map((socket) => once(socket, "connect")));
    expect((await fetch(`http://127.0.0.1:${admin.port}/healthz`)).status).toBe(200);
  } finally {
    for (const socket of idle) socket.destroy();
    await admin.close();
  }
});
