import { join } from "node:path";
import { totals } from "../traffic/flows.ts";
import type { LocalProxyKind } from "./kind.ts";

/** The project's own proxies; `program` is `mesh-proxy` and what comes before `run`. */
export const meshProxy = (program: readonly [string, ...string[]]): LocalProxyKind => ({
  prepared: ({ folder, identityFolder, adminPort, controlPort }) =>
    Promise.resolve([
      ...program,
      "run",
      ...["--control", `127.0.0.1:${controlPort}`, "--identity", identityFolder],
      // What it was told last outlives it: one that is started again serves before it is told anything.
      ...["--config", join(folder, "proxy.json")],
      ...["--admin", `127.0.0.1:${adminPort}`, "--access-log", "none", "--grace", "1s"],
    ]),
  // What it refuses the control plane says too.
  isWorthSaying: (line) => !line.startsWith("{") || (line.includes('"level":"error"') && !line.includes(' refused"')),
  countsPath: "/metrics",
  totals,
});
