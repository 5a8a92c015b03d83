import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../rig/free-port.ts";
import { child, eventually, type Child } from "../../rig/process.ts";
import { application } from "../application.ts";
import { built, repository } from "../../xds/built.ts";

const workloads = ["caller", "greeter-v1", "greeter-v2"] as const;
const run = promisify(execFile);

/** The example mesh on this machine, as people run it: a control plane, a proxy for each workload that it tells, two versions. */
export interface Scene {
  /** Where the caller's application dials. */
  readonly port: number;
  readonly proxies: readonly Child[];
  /** The control plane, killed and started as often as somebody likes. */
  readonly killed: () => Promise<void>;
  readonly started: () => Promise<void>;
  /** Percent of what goes to the second version from now on. */
  readonly split: (second: number) => void;
  /** Every proxy works by a configuration. */
  readonly ready: () => Promise<true>;
  /** How the caller's proxy stands with the control plane. */
  readonly isConnected: () => Promise<boolean>;
  readonly stop: () => Promise<void>;
}

export const scene = async (directory: string): Promise<Scene> => {
  mkdirSync(directory, { recursive: true });
  const [mesh, state] = [join(directory, "mesh"), join(directory, "state")];
  cpSync(join(repository, "policies", "greeter"), mesh, { recursive: true });
  const [entry, proxy1, proxy2, xds, joins, admin, ...admins] = await Promise.all(Array.from({ length: 9 }, freePort));
  const applications = [await application(() => "v1"), await application(() => "v2")];
  const placed = (proxy: number, port: number) => [
    { address: "127.0.0.1", ports: { 8080: proxy }, loopback: { applications: { 8080: port }, services: {} } },
  ];
  const instances = {
    "greeter/caller": [{ address: "127.0.0.1", loopback: { applications: {}, services: { 80: entry } } }],
    "greeter/greeter-v1": placed(proxy1!, applications[0]!.port),
    "greeter/greeter-v2": placed(proxy2!, applications[1]!.port),
  };
  writeFileSync(join(mesh, "placement.yaml"), JSON.stringify({ workloads: instances }));
  const policy = join(mesh, "greeter", "greeter.ts");
  const split = (second: number): void =>
    writeFileSync(
      policy,
      readFileSync(policy, "utf8").replace(/v1: \d+, v2: \d+/, `v1: ${100 - second}, v2: ${second}`),
    );
  split(0);

  const program = built("mesh-control");
  const where = ["--mesh", mesh, "--state", state];
  const said = async (...parameters: readonly string[]): Promise<string> =>
    (await run(process.execPath, [program, ...parameters])).stdout.trim();
  let control: Child | undefined;
  const started = async (): Promise<void> => {
    const serving = child(directory, "mesh-control", [
      ...[process.execPath, program, "serve", ...where, "--no-types", "--listen", `127.0.0.1:${xds}`],
      ...["--join", `127.0.0.1:${joins}`, "--admin", `127.0.0.1:${admin}`],
    ]);
    control = serving;
    await eventually("mesh-control serves", () => isOk(admin!, "/readyz"), { needs: [serving] });
  };
  await started();
  const proxies = await Promise.all(
    workloads.map(async (name, index) => {
      const token = await said("token", `greeter/${name}`, ...where);
      const identity = join(directory, name);
      const server = ["--server", `https://127.0.0.1:${joins}`, "--roots", join(state, "roots.crt")];
      await said("join", `greeter/${name}`, ...server, "--token", token, "--out", identity);
      return child(directory, name, [
        ...[process.execPath, built("mesh-proxy"), "run", "--control", `127.0.0.1:${xds}`, "--identity", identity],
        ...["--admin", `127.0.0.1:${admins[index]}`, "--access-log", "none", "--grace", "1s"],
        ...["--config", join(directory, `${name}.json`)],
      ]);
    }),
  );
  return {
    port: entry!,
    proxies,
    started,
    killed: async () => {
      if (control === undefined) return;
      process.kill(control.pid, "SIGKILL");
      await control.stop(0);
    },
    split,
    ready: async () => {
      for (const one of admins) if (!(await isOk(one, "/readyz"))) throw new Error("not ready");
      return true;
    },
    isConnected: async () => {
      const shown = (await (await fetch(`http://127.0.0.1:${admins[0]}/status`)).json()) as readonly {
        readonly control: { readonly connected: boolean };
      }[];
      return shown.every((one) => one.control.connected);
    },
    stop: async () => {
      await Promise.all([...(control === undefined ? [] : [control]), ...proxies].map((one) => one.stop()));
      for (const { close } of applications) close();
    },
  };
};

const isOk = async (port: number, path: string): Promise<true | undefined> =>
  (await fetch(`http://127.0.0.1:${port}${path}`)).ok || undefined;
