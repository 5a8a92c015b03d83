import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import type { RouteIntent } from "../../lib/intent/index.ts";
import { defaultRetries, retryPolicy } from "../../lib/model/base.ts";
import type { RetryPolicy } from "../../lib/model/route.ts";
import type { Report } from "./context.ts";
import { duration } from "./duration.ts";

/** A route's retries with the platform's defaults written out. */
export const retries = (
  written: RouteIntent["retries"],
  platform: Platform,
  origin: Origin,
  report: Report,
): RetryPolicy | "none" => {
  if (written === "none") return "none";
  if (written === undefined) return defaultRetries(platform);
  if (!Number.isInteger(written.attempts) || written.attempts < 1)
    report("MESH2014", { attempts: written.attempts }, at(origin, "attempts"));
  written.on?.forEach((condition, index) => {
    if (typeof condition === "number" && !(Number.isInteger(condition) && condition >= 400 && condition <= 599))
      report("MESH2015", { status: condition }, at(origin, "on", index));
  });
  return retryPolicy(
    written.attempts,
    duration(written.perTry, at(origin, "perTry"), report),
    written.on ?? platform.defaultRetries.on,
  );
};
