import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { placementOf } from "../../../compiler/pipeline.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import { views, type Views } from "../../../runtime/control/views.ts";
import { inNetwork } from "../../rig/network.ts";
import { envoys } from "../../rig/envoys.ts";
import type { Plane, Site } from "../../rig/plane.ts";
import { child, eventually, type Child } from "../../rig/process.ts";
import { alive, atWork, first, gone, proxied, refusing } from "../../rig/settling.ts";
import { adminPort, type PlacedPod, type Pod } from "../../rig/workload.ts";
import { built, repository } from "../built.ts";
import { edited, type Change } from "./changes.ts";
import type { Files } from "./files.ts";
import { clientBehind, type ShownClient } from "./held.ts";
import { graph } from "./mesh.ts";

/** `mesh-control serve` as it is published, for a mesh folder that somebody edits. */
export interface Serving extends Plane {
  /** From now on proxies are to work by the folder as it is after this change; `settle` returns when they do. */
  readonly edit: (change: Change) => void;
  /** What another command of `mesh-control` printed; throws with what it complained of. */
  readonly ran: (...args: readonly string[]) => Promise<string>;
  /** Ends the process as a crash would. */
  readonly killed: () => Promise<void>;
  /** Ends the process as somebody does who replaces it. */
  readonly ended: () => Promise<void>;
  /** Starts it again, on the folder as it is by then. */
  readonly restarted: (lifetime: string) => Promise<void>;
  /** Fills the folder of every pod anew, as `mesh-control join --keep` does on each machine. */
  readonly reissued: () => Promise<void>;
}

export interface ServingOptions {
  readonly first: Change;
  /** The addresses by which each service is called, by `namespace/service`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Of certificates: as it is said to the command, and in milliseconds. */
  readonly lifetime: { readonly text: string; readonly ms: number };
  /** For how long what was replaced is drained. */
  readonly drainSeconds: number;
}

const ports = { listen: 15012, join: 15013, admin: 15014 } as const;

/** Everything that users run is what they run: the command from its bundle, made afresh so that no old one is held to anything. */
export const serving =
  ({ first: begin, addresses, lifetime, drainSeconds }: ServingOptions) =>
  async ({ directory, anchor, agent, gateway, mesh, workloads }: Site): Promise<Serving> => {
    const program = built();
    const folder = join(directory, "mesh");
    const where = ["--mesh", folder, "--state", dirname(mesh.folder)];
    const admin = `${gateway}:${ports.admin}`;
    const pods = new Map<string, PlacedPod>();
    let told: Mesh = begin.mesh;
    let wanted: Promise<Views> | undefined;

    const write = (texts: Files): void => {
      edited(folder, texts);
      wanted = undefined;
    };
    const placed = (): void => write({ "placement.yaml": placement([...pods.values()], addresses) });
    /** What proxies are told of the folder as it is. */
    const expected = (): Promise<Views> =>
      (wanted ??= placementOf(folder, { graph }).then(({ value }) => {
        if (value === undefined) throw new Error("unreachable: a placement that cannot be read was written");
        return views({ mesh: told, placement: value }, { accessLog: "stdout" });
      }));

    mkdirSync(join(folder, "node_modules"), { recursive: true });
    symlinkSync(repository, join(folder, "node_modules", "meshwright"));
    write(begin.files);
    placed();

    const debug = (path: string): Promise<string> => agent.fetched(ports.admin, path, { host: gateway });
    const command = (...args: readonly string[]): readonly string[] => [process.execPath, program, ...args];
    const started = async (text: string): Promise<Child> => {
      const argv = command(
        ...["serve", ...where, "--lifetime", text, "--drain", `${drainSeconds}s`, "--grace", "1s"],
        ...["--listen", `${gateway}:${ports.listen}`, "--join", `${gateway}:${ports.join}`, "--admin", admin],
      );
      const made = child(directory, "mesh-control", argv, { inside: anchor.pid });
      const ready = eventually("mesh-control is ready", () => debug("/readyz").then(() => true), { needs: [made] });
      await ready.catch(async (error: unknown) => {
        await made.stop(0);
        throw error;
      });
      return made;
    };
    let control = await started(lifetime.text);
    const issued = (pod: Pod): Promise<string> => mesh.identityFolder(pod, { lifetimeMs: lifetime.ms });
    const ran = (...args: readonly string[]): Promise<string> => {
      const own = args[0] === "status" ? ["--admin", admin] : args[0] === "root" ? where : ["--mesh", folder];
      return inNetwork(anchor.pid, command(...args, ...own));
    };

    return {
      proxies: envoys(
        async (pod) => {
          const identity = await issued(pod);
          const whose = ["--identity", identity, "--instance", pod.pod, "--admin-port", String(adminPort)];
          const control = ["--control", `${gateway}:${ports.listen}`];
          return JSON.parse(await ran("bootstrap", workloadOf(pod), ...whose, ...control)) as unknown;
        },
        { drainSeconds },
      ),
      edit(change) {
        told = change.mesh;
        write(change.files);
      },
      ran,
      killed: () => {
        process.kill(control.pid, "SIGKILL");
        return control.stop();
      },
      ended: () => control.stop(10_000),
      restarted: async (text) => {
        control = await started(text);
      },
      reissued: async () => {
        // Roots are exchanged by another process.
        await mesh.authority.refreshed();
        for (const pod of pods.values()) if (pod.spec.kind !== "none") await issued(pod);
      },
      proxyName: nodeId,
      started(pod) {
        pods.set(pod.pod, pod);
        placed();
        return Promise.resolve();
      },
      stopped({ pod }) {
        pods.delete(pod);
        placed();
        return Promise.resolve();
      },
      async settle(timeoutMs) {
        const deadline = performance.now() + timeoutMs;
        await gone(async () => {
          const all = proxied(workloads());
          const end = control.ended();
          if (end !== undefined) throw new Error(`mesh-control ended (${end}); see ${control.log}`);
          for (const workload of all) alive(workload);
          const { source } = JSON.parse(await debug("/debug/status")) as Status;
          const clients = JSON.parse(await debug("/debug/clients")) as readonly ShownClient[];
          if (source.broken.length > 0)
            return refusing(`mesh-control takes no change: ${source.broken.map(({ message }) => message).join("; ")}`);
          const now = await expected();
          return (
            (await first(all, (workload) => {
              const own = now.of({ workload: workloadOf(workload), instance: -1, kind: "envoy" });
              if (own === undefined) throw new Error(`unreachable: the mesh has no ${workloadOf(workload)}`);
              return Promise.resolve(clientBehind(clients, nodeId(workload), own));
            })) ?? (await first(all, atWork))
          );
        }, deadline);
      },
      stop: () => control.stop(500),
    };
  };

interface Status {
  readonly source: { readonly broken: readonly { readonly message: string }[] };
}

/** Where everything runs, as an operator or a script would write it down. */
const placement = (pods: readonly PlacedPod[], addresses: Readonly<Record<string, string>>): string =>
  [
    "workloads:",
    ...graph.workloads.map(({ namespace, name }) => {
      const own = pods.filter((pod) => workloadOf(pod) === `${namespace}/${name}`);
      return `  ${namespace}/${name}: [${own.map(({ address }) => `{ address: ${address} }`).join(", ")}]`;
    }),
    "services:",
    ...Object.entries(addresses).map(([service, address]) => `  ${service}: [${address}]`),
    "",
  ].join("\n");

const workloadOf = ({ spec }: Pod): string => `${spec.namespace}/${spec.name}`;

/** As our proxies introduce themselves: `namespace/workload/pod`. */
const nodeId = (pod: Pod): string => `${workloadOf(pod)}/${pod.pod}`;
