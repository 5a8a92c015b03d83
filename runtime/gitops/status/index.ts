import { logReporter } from "./log-reporter.ts";
import { meshSyncReporter, type MeshSyncReporterOptions } from "./mesh-sync-reporter.ts";
import type { SyncMetrics } from "./metrics.ts";
import { reporters, type Reporter } from "./reporter.ts";

export { syncAdmin, type SyncAdmin } from "./admin.ts";
export { syncMetrics, type SyncMetrics } from "./metrics.ts";
export type { Healing } from "./healing.ts";
export { passReport, type PassReport, type Reporter } from "./reporter.ts";

/** All that is told of a pass: log lines and metrics always; status and Events where the inventory's parent is a MeshSync. */
export const reporterOf = (
  options: MeshSyncReporterOptions & { readonly metrics: Pick<SyncMetrics, "reporter"> },
): Reporter =>
  reporters([
    logReporter(options.log),
    options.metrics.reporter,
    ...(options.parent.kind === "MeshSync" ? [meshSyncReporter(options)] : []),
  ]);
