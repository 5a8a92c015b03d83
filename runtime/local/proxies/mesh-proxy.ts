import { createHash } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProxyConfig } from "../../../targets/native/config.ts";
import { proxyConfig } from "../../../targets/native/emit/index.ts";
import type { ProcessStatus } from "../../proxy/process.ts";
import { hasIt, notYet } from "../standing.ts";
import { totals } from "../traffic/flows.ts";
import type { LocalProxy, ProxyKind } from "./kind.ts";

/** The project's own proxies; `program` is `mesh-proxy` and what comes before `run`. */
export const meshProxy = (program: readonly [string, ...string[]]): ProxyKind => {
  const told = new Map<string, string>();
  const file = ({ folder }: LocalProxy): string => join(folder, "proxy.json");
  return {
    prepared: async (proxy) => [
      ...program,
      "run",
      ...["--config", file(proxy)],
      ...["--identity", proxy.identityFolder],
      ...["--admin", `127.0.0.1:${proxy.adminPort}`, "--access-log", "none", "--grace", "1s"],
    ],
    fed: async (proxy, { mesh, placement }) => {
      const { workload } = proxy;
      const [instance] = placement.instances[workload.id] ?? [];
      if (instance === undefined) return;
      const text = textOf(proxyConfig(mesh, workload, instance, placement));
      told.set(workload.id, digestOf(text));
      await writeFile(`${file(proxy)}.new`, text);
      await rename(`${file(proxy)}.new`, file(proxy));
    },
    standing: async ({ workload, adminPort }) => {
      const digest = told.get(workload.id);
      const all = await fetch(`http://127.0.0.1:${adminPort}/status`)
        .then((response) => response.json() as Promise<readonly ProcessStatus[]>)
        .catch(() => []);
      const refused = all.find((one) => one.refused?.configuration === digest)?.refused?.reason;
      if (refused !== undefined) return { kind: "refused", reason: refused, at: undefined };
      return all.length > 0 && all.every(({ configuration }) => configuration === digest) ? hasIt : notYet;
    },
    isWorthSaying: (line) => /"level":"error"/.test(line) || !line.startsWith("{"),
    countsPath: "/metrics",
    totals,
  };
};

const textOf = (config: ProxyConfig): string => JSON.stringify(config);

/** As `mesh-proxy` says what it has. */
const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
