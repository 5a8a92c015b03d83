import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import type { Forwarding } from "../../lib/intent/index.ts";
import { defaultRetries, retryConditions, retryPolicy } from "../../lib/model/base.ts";
import type { RetryPolicy } from "../../lib/model/route.ts";
import type { Report } from "./context.ts";
import { duration } from "./duration.ts";

/** Whoever writes more has mistaken milliseconds for a count. */
const mostAttempts = 100;

/** Statuses that Istio's validation takes: those with a name in Go's `net/http`. */
const errorStatuses: ReadonlySet<number> = new Set([
  ...Array.from({ length: 19 }, (_, index) => 400 + index),
  ...[421, 422, 423, 424, 425, 426, 428, 429, 431, 451],
  ...[500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511],
]);

/** A route's retries with the platform's defaults written out. */
export const retries = (
  written: Forwarding["retries"],
  platform: Platform,
  origin: Origin,
  report: Report,
): RetryPolicy | "none" => {
  if (written === "none") return "none";
  if (written === undefined) return defaultRetries(platform);
  if (!Number.isInteger(written.attempts) || written.attempts < 1 || written.attempts > mostAttempts)
    report("MESH2014", { attempts: written.attempts, most: mostAttempts }, at(origin, "attempts"));
  if (written.on?.length === 0) report("MESH2025", {}, at(origin, "on"));
  written.on?.forEach((condition, index) => {
    if (typeof condition === "number" && !errorStatuses.has(condition))
      report("MESH2015", { status: condition }, at(origin, "on", index));
  });
  return retryPolicy(
    written.attempts,
    duration(written.perTry, at(origin, "perTry"), report),
    written.on ?? retryConditions(platform),
  );
};
