import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Mesh } from "../../../lib/model/mesh.ts";
import { emptyMesh } from "../empty-mesh.ts";
import type { Plane, Proxies, Site } from "../plane.ts";
import { child, eventually } from "../process.ts";
import { alive, first, gone, proxied, type Behind } from "../settling.ts";
import { trustDomain, type PlacedPod, type Pod, type Workload } from "../workload.ts";
import { clientBehind, type Clients } from "./clients.ts";
import { placement, replaceState, type Placement } from "./state.ts";

/** Our own control plane, in a process of its own. */
export interface MeshControl extends Plane {
  /** From now on proxies are to work by this mesh; `settle` returns when they do. */
  readonly serve: (mesh: Mesh, addresses: Placement["addresses"]) => void;
  /** What it knows of its proxies at the moment. */
  readonly clients: () => Promise<Clients>;
  /** What it answers on its admin port, for example `/debug/status`. */
  readonly debug: (path: string) => Promise<string>;
}

/** Proxies as this control plane knows and feeds them. */
export interface Fed {
  /** How they are started in a rig. */
  readonly proxies: (site: Pick<Site, "directory" | "gateway" | "mesh" | "webRoots">) => Proxies;
  /** What the proxy of a pod calls itself, which begins with `namespace/workload/`. */
  readonly nodeId: (pod: Pod) => string;
  /** Why a proxy that acknowledged all does not work by it yet. */
  readonly atWork: (workload: Workload) => Promise<Behind | undefined>;
}

/** Where the control process listens, in the address of the rig's gateway. */
export const controlPorts = { listen: 15012, progress: 15013, admin: 15014 } as const;

const program = join(import.meta.dirname, "..", "..", "xds", "control-process.ts");

/** The control process, a file that tells it what there is, and its word about which proxy has taken what. */
export const meshControl =
  ({ proxies, nodeId, atWork }: Fed) =>
  async (site: Site): Promise<MeshControl> => {
    const { directory, anchor, agent, gateway, mesh, workloads } = site;
    const own = join(directory, "control-plane");
    mkdirSync(own);
    const stateFile = join(own, "state.json");
    const configFile = join(own, "config.json");
    const pods = new Map<string, PlacedPod>();
    let told: { readonly mesh: Mesh; readonly addresses: Placement["addresses"] } = { mesh: emptyMesh, addresses: {} };
    let serial = 0;

    const tell = (): void => {
      serial += 1;
      replaceState(stateFile, {
        serial,
        mesh: told.mesh,
        placement: placement(told.mesh, pods.values(), told.addresses),
      });
    };
    const debug = (path: string): Promise<string> => agent.fetched(controlPorts.admin, path, { host: gateway });
    const clients = async (): Promise<Clients> =>
      JSON.parse(await agent.fetched(controlPorts.progress, "/", { host: gateway })) as Clients;

    tell();
    writeFileSync(
      configFile,
      JSON.stringify({
        state: stateFile,
        listen: { address: gateway, port: controlPorts.listen },
        admin: { address: gateway, port: controlPorts.admin },
        progress: { address: gateway, port: controlPorts.progress },
        authority: mesh.folder,
        trustDomain,
      }),
    );
    const control = child(directory, "mesh-control", [process.execPath, program, configFile], { inside: anchor.pid });
    const ready = eventually("mesh-control is ready", () => debug("/readyz").then(() => true), { needs: [control] });
    await ready.catch(async (error: unknown) => {
      await control.stop(0);
      throw error;
    });

    return {
      proxies: proxies(site),
      serve(served, addresses) {
        told = { mesh: served, addresses };
        tell();
      },
      clients,
      debug,
      proxyName: nodeId,
      started(pod) {
        pods.set(pod.pod, pod);
        tell();
        return Promise.resolve();
      },
      stopped({ pod }) {
        pods.delete(pod);
        tell();
        return Promise.resolve();
      },
      async settle(timeoutMs) {
        const deadline = performance.now() + timeoutMs;
        tell();
        const wanted = serial;
        await gone(async () => {
          const all = proxied(workloads());
          const end = control.ended();
          if (end !== undefined) throw new Error(`mesh-control ended (${end}); see ${control.log}`);
          for (const workload of all) alive(workload);
          const known = await clients();
          return (
            (await first(all, (workload) => Promise.resolve(clientBehind(known, nodeId(workload), wanted)))) ??
            (await first(all, atWork))
          );
        }, deadline);
      },
      stop: () => control.stop(500),
    };
  };
