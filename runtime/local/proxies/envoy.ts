import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bootstrap } from "../../../targets/xds/bootstrap.ts";
import { envoyTotals } from "../traffic/envoy-flows.ts";
import { onlyInstance, type LocalProxyKind } from "./kind.ts";

/** Long enough for an exchange on a listener that was replaced; nobody waits for it. */
const drainSeconds = 5;

/** Envoys, told by the control plane; `program` is one's path. */
export const envoy = (program: string): LocalProxyKind => ({
  prepared: async ({ workload, folder, identityFolder, adminPort, controlPort }, { platform }) => {
    const file = join(folder, "bootstrap.json");
    const made = bootstrap({
      workload: workload.id,
      instance: onlyInstance,
      platform,
      adminPort,
      source: { kind: "control", address: "127.0.0.1", port: controlPort, identityFolder },
    });
    await writeFile(file, JSON.stringify(made));
    return [
      program,
      ...["--config-path", file],
      ...["--concurrency", "1"],
      // Several run on one machine, and none takes over from another.
      ...["--disable-hot-restart", "--use-dynamic-base-id"],
      ...["--drain-time-s", String(drainSeconds), "--drain-strategy", "immediate"],
      ...["--log-level", "error"],
    ];
  },
  // It acknowledges its first listeners a moment before it listens.
  serves: ({ adminPort }) =>
    fetch(`http://127.0.0.1:${adminPort}/ready`)
      .then(({ ok }) => ok)
      .catch(() => false),
  isWorthSaying: (line) => line.trim() !== "",
  // As text: names in Prometheus' form are cut at the first dot of a host.
  countsPath: "/stats?filter=%5Ecluster%5C.outbound%5C%7C&type=Counters",
  totals: envoyTotals,
});
