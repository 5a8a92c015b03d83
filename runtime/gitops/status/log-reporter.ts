import type { Log } from "../../log/log.ts";
import type { Healing } from "./healing.ts";
import type { Reporter } from "./reporter.ts";
import { inWords } from "./words.ts";

/** Log lines, which need no cluster. */
export const logReporter = (log: Log): Reporter => {
  const told = (healing: Healing) => ({ object: healing.name, what: healing.what, by: healing.by });
  return {
    async passed({ commit, objects, writes, steps, milliseconds, warnings }) {
      log({
        level: warnings.length > 0 ? "warn" : "info",
        event: "commit in force",
        commit,
        objects,
        ...writes,
        steps,
        milliseconds: Math.round(milliseconds),
        ...(warnings.length > 0 ? { warnings: warnings.map(inWords) } : {}),
      });
    },
    async failed({ stage, reason, message, retryAfterMs }, commit) {
      log({ level: "error", event: "pass failed", stage, reason, message, commit, retryAfterMs });
    },
    async healed(healing) {
      log({ level: "warn", event: "drift healed", ...told(healing) });
    },
    async fought(healing, times) {
      log({ level: "warn", event: "drift goes on", ...told(healing), times });
    },
  };
};
