import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentProcess, applicationUser } from "./agent/launch.ts";
import { authority } from "./certificates.ts";
import { controlPlane, plainMeshConfig } from "./cluster.ts";
import { endpointController } from "./endpoints.ts";
import { install, type Tools } from "./install.ts";
import type { Kube, KubeObject } from "./kube.ts";
import { runDirectory } from "./process.ts";
import { rigRequirements } from "./requirements.ts";
import { settlement } from "./settle.ts";
import type { WorkloadSpec } from "./workload-spec.ts";
import { workload, type Workload } from "./workload.ts";

/** A control plane and the pods of a mesh, all real, on a network of their own. */
export interface Rig {
  readonly tools: Tools;
  /** Logs of every process, and what they were started with. */
  readonly directory: string;
  /** For reading, and for objects that the rig need not wait for. */
  readonly kube: Kube;
  /** Applies (server-side, strict) and remembers what `settle` must wait for. Throws a KubeError when one is refused. */
  readonly apply: (objects: readonly KubeObject[]) => Promise<readonly KubeObject[]>;
  readonly delete: (objects: readonly KubeObject[]) => Promise<void>;
  /** Deletes everything that was ever applied through `apply`, Namespaces apart. */
  readonly clear: () => Promise<void>;
  readonly startWorkload: (spec: WorkloadSpec) => Promise<Workload>;
  /** The running ones, in the order of their start. */
  readonly workloads: () => readonly Workload[];
  /** Names that all pods resolve, Envoys included; the whole table. Set it before applying what needs it: Envoy asks again only after a while. */
  readonly setHosts: (addresses: Readonly<Record<string, string>>) => void;
  /** Returns when every running Envoy works by everything applied so far; throws when one refuses its configuration or time runs out. Milliseconds that it took. */
  readonly settle: (options?: { readonly timeoutMs?: number }) => Promise<number>;
  readonly istiodDebug: (path: string) => Promise<string>;
  readonly istioctl: (args: readonly string[]) => Promise<{ readonly code: number; readonly output: string }>;
  /** Ends every process; with them go their namespaces. Logs stay. */
  readonly stop: () => Promise<void>;
}

/** Starts the control plane; throws where the machine cannot (ask `rigRequirements` first) and when something does not come up. */
export const rig = async ({ meshConfig = plainMeshConfig }: { readonly meshConfig?: string } = {}): Promise<Rig> => {
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
  const [platform, mesh, web] = await Promise.all(
    ["platform", "mesh", "web"].map((name) => authority(certificates, name)),
  );
  if (platform === undefined || mesh === undefined || web === undefined) throw new Error("unreachable");

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
  const anchorSocket = join(sockets, "control-plane");
  const anchor = await agentProcess(
    directory,
    "control-plane.agent",
    { controlSocket: anchorSocket, secretSocket: "", secrets: {}, workload: "", pod: "", countFolder },
    {},
  );
  const plane = await controlPlane(tools, directory, platform, anchor, anchorSocket, meshConfig).catch(
    async (error: unknown) => {
      await anchor.stop(0);
      throw error;
    },
  );
  const surroundings = { tools, directory, sockets, countFolder, overlays, controlPlane: plane, mesh, web };
  const endpoints = endpointController(plane.kube);
  const { expected, settle } = settlement(plane, endpoints, () => [...running]);
  const applied = new Map<string, KubeObject>();
  let serial = 0;

  const remove = async (objects: readonly KubeObject[]): Promise<void> => {
    await plane.kube.delete(objects);
    for (const object of objects) {
      applied.delete(keyOf(object));
      expected(object, undefined);
    }
  };
  return {
    tools,
    directory,
    kube: plane.kube,
    async apply(objects) {
      const stored = await plane.kube.apply(objects);
      for (const object of stored) {
        applied.set(keyOf(object), object);
        expected(object, object.metadata.resourceVersion);
      }
      return stored;
    },
    delete: remove,
    clear: () => remove([...applied.values()].filter(({ kind }) => kind !== "Namespace")),
    async startWorkload(spec) {
      serial += 1;
      const started = await workload(surroundings, spec, serial);
      const stop = async (): Promise<void> => {
        running.delete(stopping);
        await started.stop();
      };
      const stopping: Workload = { ...started, stop };
      running.add(stopping);
      return stopping;
    },
    workloads: () => [...running],
    setHosts,
    settle: ({ timeoutMs = 60_000 } = {}) => settle(timeoutMs),
    istiodDebug: plane.istiodDebug,
    istioctl: plane.istioctl,
    async stop() {
      await Promise.all([...running].map((one) => one.stop()));
      await plane.stop();
      await anchor.stop(0);
      rmSync(sockets, { recursive: true, force: true });
      rmSync(join(directory, "control-plane/etcd"), { recursive: true, force: true });
    },
  };
};

/** What makes an object the same one, whatever it says. */
export const keyOf = ({ apiVersion, kind, metadata }: KubeObject): string =>
  `${apiVersion} ${kind} ${metadata.namespace ?? ""}/${metadata.name}`;

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
