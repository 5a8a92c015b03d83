import { createHash } from "node:crypto";
import type { Server } from "node:http";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalMesh } from "../../compiler/snapshot/read-local.ts";
import type { Compiled } from "../../compiler/resolved.ts";
import type { Placement } from "../../lib/graph/placement.ts";
import type { MeshWorkload } from "../../lib/model/mesh.ts";
import type { ProxyConfig } from "../../targets/native/config.ts";
import { native } from "../../targets/native/index.ts";
import type { ProcessStatus } from "../proxy/process.ts";
import { authority, keyFolder, writtenIdentity, type Authority } from "../control/identity/index.ts";
import { echo } from "./echo.ts";
import { freePorts } from "./free-ports.ts";
import { placedHere } from "./placed.ts";
import { processes } from "./processes.ts";

export interface LocalMeshOptions {
  /** The mesh folder: commands run there. */
  readonly folder: string;
  /** `mesh-proxy`: a program and what comes before `run`. */
  readonly proxyCommand: readonly [string, ...string[]];
  /** The first port that is tried for whatever has none. */
  readonly portsFrom: number;
  readonly told: LocalTold;
}

export interface LocalTold {
  /** A workload's own process said something. */
  readonly line: (workload: string, text: string) => void;
  /** What should run does not. */
  readonly ended: (what: string, how: string) => void;
}

/** A gateway as it is reached from this machine. */
export interface Entry {
  readonly workload: string;
  readonly address: string;
}

/** A whole mesh that runs here: a proxy for each workload, and its workloads themselves. */
export interface RunningMesh {
  /** Goes over to what was compiled; resolves when every proxy has it. Rejects, with the old one in force, where one refuses. */
  readonly taken: (compiled: Compiled, local: LocalMesh) => Promise<void>;
  readonly entries: () => readonly Entry[];
  /** Where a workload's application calls others, by the service's port. */
  readonly placement: () => Placement;
  /** The admin address of each workload's proxy. */
  readonly admins: () => ReadonlyMap<string, number>;
  readonly stop: () => Promise<void>;
}

const lifetimeMs = 24 * 3_600_000;
const renewedMs = lifetimeMs / 2;

export const localMesh = async ({ folder, proxyCommand, portsFrom, told }: LocalMeshOptions): Promise<RunningMesh> => {
  const state = await mkdtemp(join(tmpdir(), "meshwright-up-"));
  const ports = freePorts(portsFrom);
  const children = processes();
  const echoes: Server[] = [];
  const started = new Set<string>();
  const admins = new Map<string, number>();
  let issuing: Authority | undefined;
  let placement: Placement = { instances: {}, addresses: {} };
  let entries: readonly Entry[] = [];
  let workloads: readonly MeshWorkload[] = [];

  const folderOf = (workload: string): string => join(state, ...workload.split("/"));
  const proven = async (workload: MeshWorkload): Promise<void> => {
    if (issuing === undefined) return;
    const { certificateChain, privateKey } = await issuing.issued(workload.identity);
    await writtenIdentity(join(folderOf(workload.id), "identity"), {
      certificateChain,
      privateKey: () => privateKey,
      roots: issuing.roots(),
      workload: workload.id,
    });
  };
  const renewing = setInterval(() => {
    for (const workload of workloads.filter(({ id }) => admins.has(id)))
      proven(workload).catch((error: unknown) => told.ended(`the identity of ${workload.id}`, String(error)));
  }, renewedMs).unref();

  const configured = async (config: ProxyConfig): Promise<void> => {
    const path = join(folderOf(config.workload), "proxy.json");
    await writeFile(`${path}.new`, textOf(config));
    await rename(`${path}.new`, path);
  };

  const proxyStarted = async (workload: MeshWorkload, config: ProxyConfig): Promise<void> => {
    await mkdir(folderOf(workload.id), { recursive: true });
    await proven(workload);
    await configured(config);
    const admin = await ports.of(`admin ${workload.id}`);
    const [file, ...before] = proxyCommand;
    children.start(
      {
        name: `the proxy of ${workload.id}`,
        argv: [
          file,
          ...before,
          "run",
          ...["--config", join(folderOf(workload.id), "proxy.json")],
          ...["--identity", join(folderOf(workload.id), "identity")],
          ...["--admin", `127.0.0.1:${admin}`, "--access-log", "none", "--grace", "1s"],
        ],
      },
      {
        line: (text) => {
          if (/"level":"error"/.test(text) || !text.startsWith("{")) told.line(`the proxy of ${workload.id}`, text);
        },
        ended: (how) => told.ended(`the proxy of ${workload.id}`, how),
      },
    );
    admins.set(workload.id, admin);
  };

  const applicationStarted = async (workload: MeshWorkload, local: LocalMesh): Promise<void> => {
    const { command, address } = local.workloads[workload.id] ?? {};
    const [instance] = placement.instances[workload.id] ?? [];
    const own = Object.entries(instance?.loopback?.applications ?? instance?.ports ?? {});
    if (address !== undefined || workload.proxy === "gateway") return;
    if (command === undefined) {
      for (const [, port] of own) echoes.push(await echo(workload.id, port));
      return;
    }
    const environment = {
      WORKLOAD: workload.id,
      ...(own[0] !== undefined && { PORT: String(own[0][1]) }),
      ...Object.fromEntries(own.map(([port, here]) => [`PORT_${port}`, String(here)])),
      ...Object.fromEntries(
        Object.entries(instance?.loopback?.services ?? {}).map(([service, port]) => [
          `MESH_${service.replace(/[^A-Za-z0-9]/g, "_").toUpperCase()}`,
          `http://127.0.0.1:${port}`,
        ]),
      ),
    };
    children.start(
      { name: workload.id, argv: ["/bin/sh", "-c", `exec ${command}`], cwd: folder, environment },
      { line: (text) => told.line(workload.id, text), ended: (how) => told.ended(workload.id, how) },
    );
  };

  const taken: RunningMesh["taken"] = async ({ mesh }, local) => {
    issuing ??= await authority({
      store: keyFolder(join(state, "keys")),
      trustDomain: mesh.platform.trustDomain,
      create: true,
      lifetimeMs,
    });
    const portOf = (address: string | undefined): number | undefined =>
      address === undefined ? undefined : Number(address.split(":")[1]);
    placement = await placedHere(mesh, ports, {
      gateway: (id) => local.gateways[id],
      application: (id) => portOf(local.workloads[id]?.address),
    });
    workloads = mesh.workloads;
    const configs = new Map(native.emit(mesh, placement).map(({ workload, config }) => [workload, config]));
    const waiting: Promise<void>[] = [];
    for (const workload of workloads) {
      const config = configs.get(workload.id);
      if (!started.has(workload.id)) {
        started.add(workload.id);
        await applicationStarted(workload, local);
        if (config !== undefined) await proxyStarted(workload, config);
      } else if (config !== undefined) await configured(config);
      const admin = admins.get(workload.id);
      if (config !== undefined && admin !== undefined)
        waiting.push(inForce(workload.id, admin, digestOf(textOf(config))));
    }
    entries = mesh.gateways.flatMap(({ workload }) =>
      Object.values(placement.instances[workload]?.[0]?.ports ?? {}).map((port) => ({
        workload,
        address: `127.0.0.1:${port}`,
      })),
    );
    await Promise.all(waiting);
  };

  return {
    taken,
    entries: () => entries,
    placement: () => placement,
    admins: () => admins,
    stop: async () => {
      clearInterval(renewing);
      await children.stop();
      for (const server of echoes) {
        server.closeAllConnections();
        server.close();
      }
      issuing?.close();
      await rm(state, { recursive: true, force: true });
    },
  };
};

const textOf = (config: ProxyConfig): string => JSON.stringify(config);

/** As `mesh-proxy` says what it has. */
const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

const patienceMs = 20_000;

/** Until all of a proxy works by a configuration; rejects where it refuses it. */
const inForce = async (workload: string, admin: number, digest: string): Promise<void> => {
  const until = performance.now() + patienceMs;
  for (;;) {
    const all = await fetch(`http://127.0.0.1:${admin}/status`)
      .then((response) => response.json() as Promise<readonly ProcessStatus[]>)
      .catch(() => []);
    const refused = all.find((one) => one.refused?.configuration === digest)?.refused?.reason;
    if (refused !== undefined) throw new Error(`the proxy of ${workload} refuses its configuration: ${refused}`);
    if (all.length > 0 && all.every(({ configuration }) => configuration === digest)) return;
    if (performance.now() > until) throw new Error(`the proxy of ${workload} does not take its configuration`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
