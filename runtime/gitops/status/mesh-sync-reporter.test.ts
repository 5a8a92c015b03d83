import { expect, test } from "vitest";
import { silentAnswer, smallServer } from "../cluster/fixture.ts";
import { clusterApi } from "../cluster/index.ts";
import { PassFailure } from "../failure.ts";
import { meshSyncReporter } from "./mesh-sync-reporter.ts";

test("what is told at the end of a term asks nobody any more, and is waited for no longer", async () => {
  const server = await smallServer(silentAnswer);
  const api = clusterApi({ access: server.access });
  const over = new AbortController();
  const logged: string[] = [];
  const reporter = meshSyncReporter({
    api,
    signal: over.signal,
    // The kind says nothing here.
    parent: { apiVersion: "v1", kind: "ConfigMap", namespace: "mesh", name: "shop" },
    generation: () => 1,
    instance: "pod-1",
    log: ({ event }) => logged.push(event),
  });
  const told = reporter.failed(new PassFailure("Planned", "Foreign", "theirs"), "abc");
  await expect.poll(() => server.seen.length).toBe(1);
  over.abort(new Error("the lease was not renewed in time"));
  await told;
  await reporter.healed({ name: "VirtualService shop/cart", what: "changed", by: [] });
  expect([server.seen.map(({ method }) => method), logged]).toEqual([
    ["GET"],
    ["status not written", "status not written"],
  ]);
  await api.close();
  await server.close();
});
