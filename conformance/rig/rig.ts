import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentProcess, applicationUser } from "./agent/launch.ts";
import { remoteAgent } from "./agent/remote-agent.ts";
import { authority } from "./certificates.ts";
import { install, type Tools } from "./install.ts";
import { meshAuthority, type MeshAuthority } from "./mesh-authority.ts";
import { network } from "./network.ts";
import type { Plane, Site } from "./plane.ts";
import { runDirectory } from "./process.ts";
import { rigRequirements } from "./requirements.ts";
import { startedWorkload } from "./started-workload.ts";
import type { Workload, WorkloadSpec } from "./workload.ts";

/** The pods of a mesh and its control plane, all real, on a network of their own. */
export interface Rig<P extends Plane = Plane> {
  readonly tools: Tools;
  /** Logs of every process, and what they were started with. */
  readonly directory: string;
  /** What can be said to this control plane, and asked of it. */
  readonly plane: P;
  /** Whom the mesh trusts; for those who want to try what it does with others. */
  readonly mesh: MeshAuthority;
  readonly startWorkload: (spec: WorkloadSpec) => Promise<Workload>;
  /** The running ones, in the order of their start. */
  readonly workloads: () => readonly Workload[];
  /** Names that all pods resolve, Envoys included; the whole table. Set it before the plane is told what needs it: Envoy asks again only after a while. */
  readonly setHosts: (addresses: Readonly<Record<string, string>>) => void;
  /** Returns when every running Envoy works by all that the plane was told; throws when one refuses its configuration or time runs out. Milliseconds that it took. */
  readonly settle: (options?: { readonly timeoutMs?: number }) => Promise<number>;
  /** Ends every process; with them go their namespaces. Logs stay. */
  readonly stop: () => Promise<void>;
}

/** Starts a control plane; throws where the machine cannot (ask `rigRequirements` first) and when something does not come up. */
export const rig = async <P extends Plane>(startedPlane: (site: Site) => Promise<P>): Promise<Rig<P>> => {
  const missing = rigRequirements();
  if (missing !== undefined) throw new Error(`the rig cannot run here: ${missing}`);
  const tools = await install();
  const directory = runDirectory();
  const sockets = socketFolder();
  const countFolder = join(directory, "counts");
  mkdirSync(countFolder);
  chownSync(countFolder, applicationUser, applicationUser);
  const certificates = join(directory, "certificates");
  mkdirSync(certificates);
  const web = await authority(certificates, "web");
  const mesh = await meshAuthority(directory);

  const overlays = {
    "/etc/hosts": join(directory, "hosts"),
    "/etc/resolv.conf": join(directory, "resolv.conf"),
    "/etc/ssl/certs/ca-certificates.crt": web.certificateFile,
  };
  const setHosts = (addresses: Readonly<Record<string, string>>): void =>
    // In place: pods see this very file.
    writeFileSync(
      overlays["/etc/hosts"],
      ["127.0.0.1 localhost", ...Object.entries(addresses).map(([name, address]) => `${address} ${name}`), ""].join(
        "\n",
      ),
    );
  setHosts({});
  // Nobody answers there, and says so at once: a name that is not in the hosts file does not exist.
  writeFileSync(overlays["/etc/resolv.conf"], "nameserver 10.244.0.1\noptions timeout:1 attempts:1\n");

  const running = new Set<Workload>();
  const workloads = (): readonly Workload[] => [...running];
  const controlSocket = join(sockets, "control-plane");
  const anchor = await agentProcess(
    directory,
    "control-plane.agent",
    { controlSocket, workload: "", pod: "", countFolder },
    {},
  );
  const begun = async () => {
    const wires = await network(anchor.pid);
    const agent = await remoteAgent(controlSocket, anchor);
    const { gateway } = wires;
    const plane = await startedPlane({
      tools,
      directory,
      certificates,
      mesh,
      webRoots: web.certificateFile,
      anchor,
      agent,
      gateway,
      workloads,
    });
    return { wires, agent, plane };
  };
  const { wires, agent, plane } = await begun().catch(async (error: unknown) => {
    mesh.authority.close();
    await anchor.stop(0);
    throw error;
  });
  const surroundings = { tools, directory, sockets, countFolder, overlays, network: wires, plane, web };
  let serial = 0;

  return {
    tools,
    directory,
    plane,
    mesh,
    async startWorkload(spec) {
      serial += 1;
      const started = await startedWorkload(surroundings, spec, serial);
      const stop = async (): Promise<void> => {
        running.delete(stopping);
        await started.stop();
      };
      const stopping: Workload = { ...started, stop };
      running.add(stopping);
      return stopping;
    },
    workloads,
    setHosts,
    async settle({ timeoutMs = 60_000 } = {}) {
      const start = performance.now();
      await plane.settle(timeoutMs);
      return Math.round(performance.now() - start);
    },
    async stop() {
      await Promise.all([...running].map((one) => one.stop()));
      await plane.stop();
      mesh.authority.close();
      agent.close();
      await anchor.stop(0);
      rmSync(sockets, { recursive: true, force: true });
    },
  };
};

const socketPrefix = "meshwright-rig-";

/** Socket paths hold a hundred characters, which a cache folder under a long home may use up. Folders of dead runs go. */
const socketFolder = (): string => {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(socketPrefix) ? name.slice(socketPrefix.length).split("-")[0] : undefined;
    if (owner !== undefined && !existsSync(`/proc/${owner}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(tmpdir(), `${socketPrefix}${process.pid}-`));
  chownSync(folder, applicationUser, applicationUser);
  chmodSync(folder, 0o755);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
};
