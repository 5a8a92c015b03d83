import type { Server } from "node:http";
import type { LocalMesh, LocalWorkload } from "../../compiler/snapshot/read-local.ts";
import type { Instance } from "../../lib/graph/placement.ts";
import type { MeshWorkload } from "../../lib/model/mesh.ts";
import { echo } from "./echo.ts";
import type { Command, KeptProcess, Processes, Output } from "./processes.ts";

export interface ApplicationsOptions {
  /** Where commands run. */
  readonly folder: string;
  readonly children: Pick<Processes, "kept">;
  readonly told: (workload: string) => Output;
}

/** What plays the workloads of a mesh. */
export interface Applications {
  /** From now on it is played as the file says, on the ports of that instance. Rejects where an echo cannot have its port. */
  readonly played: (workload: MeshWorkload, instance: Instance | undefined, local: LocalMesh) => Promise<void>;
  /** Nobody plays any other workload. */
  readonly only: (workloads: ReadonlySet<string>) => Promise<void>;
}

/** What a workload is played by; `somebody` runs already. */
type Part =
  | { readonly by: "somebody" }
  | { readonly by: "command"; readonly command: Command }
  | { readonly by: "echo"; readonly ports: readonly number[] };

interface Playing {
  /** Its part, as text: who plays another one is started anew. */
  readonly as: string;
  readonly process: KeptProcess | undefined;
  readonly stop: () => Promise<void>;
}

export const applications = ({ folder, children, told }: ApplicationsOptions): Applications => {
  const playing = new Map<string, Playing>();

  const echoed = async (id: string, ports: readonly number[]): Promise<Omit<Playing, "as">> => {
    const servers: Server[] = [];
    const stop = async (): Promise<void> => {
      for (const server of servers) {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
      }
    };
    try {
      for (const port of ports) servers.push(await echo(id, port));
    } catch (error) {
      await stop();
      throw error;
    }
    return { process: undefined, stop };
  };

  return {
    played: async ({ id, proxy }, instance, local) => {
      if (proxy === "gateway") return;
      const part = partOf(id, local.workloads[id] ?? {}, instance, folder);
      const as = JSON.stringify(part);
      const before = playing.get(id);
      if (before?.as === as) return before.process?.revived();
      await before?.stop();
      playing.delete(id);
      if (part.by === "command") {
        const process = children.kept(part.command, told(id));
        playing.set(id, { as, process, stop: process.stop });
      } else if (part.by === "echo") playing.set(id, { as, ...(await echoed(id, part.ports)) });
    },
    only: async (workloads) => {
      const others = [...playing].filter(([id]) => !workloads.has(id));
      for (const [id] of others) playing.delete(id);
      await Promise.all(others.map(([, { stop }]) => stop()));
    },
  };
};

const partOf = (id: string, said: LocalWorkload, instance: Instance | undefined, folder: string): Part => {
  if (said.address !== undefined) return { by: "somebody" };
  if (said.command !== undefined) return { by: "command", command: commandOf(id, said.command, instance, folder) };
  return { by: "echo", ports: Object.values(applicationPorts(instance)) };
};

const applicationPorts = (instance: Instance | undefined): Readonly<Record<number, number>> =>
  instance?.loopback?.applications ?? instance?.ports ?? {};

const commandOf = (id: string, command: string, instance: Instance | undefined, folder: string): Command => {
  const own = Object.entries(applicationPorts(instance));
  return {
    argv: ["/bin/sh", "-c", command],
    cwd: folder,
    environment: {
      WORKLOAD: id,
      ...(own[0] !== undefined && { PORT: String(own[0][1]) }),
      ...Object.fromEntries(own.map(([port, here]) => [`PORT_${port}`, String(here)])),
      ...Object.fromEntries(
        Object.entries(instance?.loopback?.services ?? {}).map(([service, port]) => [
          `MESH_${service.replace(/[^A-Za-z0-9]/g, "_").toUpperCase()}`,
          `http://127.0.0.1:${port}`,
        ]),
      ),
    },
  };
};
