import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mesh } from "../../lib/model/mesh.ts";
import { authority, keyFolder, type Authority } from "../../runtime/control/identity/index.ts";
import { replaceState, type Placement } from "../rig/mesh-control/state.ts";
import { child, eventually, type Child } from "../rig/process.ts";
import { trustDomain } from "../rig/workload.ts";
import { freePort } from "../rig/free-port.ts";

/** A whole mesh-control in a process of its own, on loopback: for whoever needs no Envoy. */
export interface LoopbackControl {
  readonly port: number;
  /** Where machines join. */
  readonly joinPort: number;
  readonly folder: string;
  /** The authority that it uses, in this process too. */
  readonly authority: Authority;
  readonly process: Child;
  readonly serve: (mesh: Mesh, placement: Placement) => void;
  /** A sample of its metrics by name and labels, as they stand in the text. */
  readonly metric: (name: string) => Promise<number>;
  /** What it logged, one object a line. */
  readonly logged: () => readonly Readonly<Record<string, unknown>>[];
  /** Returns when every client acknowledged the newest state. */
  readonly synced: (clients: number, timeoutMs?: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const program = join(import.meta.dirname, "control-process.ts");

export const loopbackControl = async (
  mesh: Mesh,
  placement: Placement,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<LoopbackControl> => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-control-"));
  const keys = join(folder, "authority");
  const tokens = join(folder, "tokens");
  for (const made of [keys, tokens]) mkdirSync(made, { mode: 0o700 });
  const root = await authority({ store: keyFolder(keys), trustDomain, create: true });
  const [port, adminPort, joinPort, progressPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const address = "127.0.0.1";
  const state = join(folder, "state.json");
  let serial = 0;
  const serve = (next: Mesh, where: Placement): void => {
    serial += 1;
    replaceState(state, { serial, mesh: next, placement: where });
  };
  serve(mesh, placement);
  const config = join(folder, "config.json");
  const configuration = {
    state,
    listen: { address, port },
    admin: { address, port: adminPort },
    progress: { address, port: progressPort },
    authority: keys,
    trustDomain,
    join: { address, port: joinPort, tokens },
    ...settings,
  };
  writeFileSync(config, JSON.stringify(configuration));
  const running = child(folder, "mesh-control", [process.execPath, program, config]);
  const asked = async (path: string): Promise<string> => {
    const response = await fetch(`http://${address}:${adminPort}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.text();
  };
  await eventually("mesh-control is ready", () => asked("/readyz").then(() => true), { needs: [running] });
  const metric = async (name: string): Promise<number> => {
    const line = (await asked("/metrics")).split("\n").find((one) => one.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? Number.NaN);
  };
  return {
    port,
    joinPort,
    folder,
    authority: root,
    process: running,
    serve,
    metric,
    logged: () =>
      readFileSync(running.log, "utf8")
        .split("\n")
        .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Readonly<Record<string, unknown>>] : [])),
    synced: async (clients, timeoutMs = 60_000) => {
      await eventually(
        `${clients} clients are synced`,
        async () =>
          (await metric("meshwright_control_revision")) >= serial &&
          (await metric("meshwright_control_clients_synced")) === clients
            ? true
            : undefined,
        { needs: [running], timeoutMs, everyMs: 50 },
      );
    },
    stop: async () => {
      root.close();
      await running.stop(500);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
