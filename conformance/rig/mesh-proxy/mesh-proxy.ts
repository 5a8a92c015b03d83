import { createHash } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import type { ProxyConfig } from "../../../targets/native/config.ts";
import { proxyConfig } from "../../../targets/native/emit/index.ts";
import { placement, type Placement } from "../mesh-control/state.ts";
import { emptyMesh } from "../empty-mesh.ts";
import type { Plane, Site } from "../plane.ts";
import { alive, first, gone, proxied, proxyOf, refusing, waiting, type Behind } from "../settling.ts";
import type { PlacedPod, Pod, Workload } from "../workload.ts";
import { runningMeshProxies } from "./running.ts";

/** The project's own proxies, each of which follows a file; nobody else feeds them. */
export interface MeshProxies extends Plane {
  /** From now on proxies are to work by this mesh; `settle` tells them, and returns when they do. */
  readonly serve: (mesh: Mesh, addresses: Placement["addresses"]) => void;
  /** From the next `settle` on proxies are told this instead of what is emitted; the truth again when undefined. */
  readonly distort: (distorted: Distorted | undefined) => void;
  /** What a pod's proxy was told last. */
  readonly told: (pod: Pod) => ProxyConfig;
}

export type Distorted = (config: ProxyConfig) => ProxyConfig;

/** `program` is `mesh-proxy` as it is published. */
export const meshProxies =
  (program: string) =>
  async ({ directory, mesh: meshAuthority, webRoots, workloads }: Site): Promise<MeshProxies> => {
    const pods = new Map<string, PlacedPod>();
    const written = new Map<string, { readonly text: string; readonly digest: string }>();
    let told: { readonly mesh: Mesh; readonly addresses: Placement["addresses"] } = { mesh: emptyMesh, addresses: {} };
    let distorted: Distorted = (config) => config;

    const fileOf = ({ spec, pod }: Pod): string => join(directory, `${pod}.${spec.namespace}.proxy.json`);
    /** What a proxy is to work by at this moment is in its file; replaced only by something else. */
    const tell = (placed: PlacedPod): void => {
      const { mesh, addresses } = told;
      const workload = lookup(mesh).workload(workloadOf(placed));
      if (workload === undefined) throw new Error(`${workloadOf(placed)} runs, and no mesh was told that has it`);
      const { address } = placed;
      const text = JSON.stringify(
        distorted(proxyConfig(mesh, workload, { address }, placement(mesh, pods.values(), addresses))),
      );
      if (written.get(placed.pod)?.text === text) return;
      const file = fileOf(placed);
      writeFileSync(`${file}.next`, text);
      renameSync(`${file}.next`, file);
      written.set(placed.pod, { text, digest: createHash("sha256").update(text).digest("hex") });
    };
    const behind = async (workload: Workload): Promise<Behind | undefined> => {
      alive(workload);
      const [status] = JSON.parse(await workload.admin("/status")) as readonly Status[];
      const told = written.get(workload.pod)?.digest;
      if (status?.configuration === told) return undefined;
      const refused = status?.refused;
      return refused?.configuration === told && refused !== undefined
        ? refusing(`${proxyOf(workload)} refuses: ${refused.reason}`)
        : waiting(`${proxyOf(workload)} has not taken what it was told`);
    };

    return {
      proxies: runningMeshProxies(program, { mesh: meshAuthority, webRoots }, (placed) => {
        tell(placed);
        return ["--config", fileOf(placed)];
      }),
      serve: (mesh, addresses) => void (told = { mesh, addresses }),
      distort: (instead) => void (distorted = instead ?? ((config) => config)),
      told: ({ pod }) => JSON.parse(written.get(pod)?.text ?? "{}") as ProxyConfig,
      proxyName: ({ spec, pod }) => `${spec.namespace}/${spec.name}/${pod}`,
      started: (pod) => Promise.resolve(void pods.set(pod.pod, pod)),
      stopped: ({ pod }) => {
        pods.delete(pod);
        written.delete(pod);
        return Promise.resolve();
      },
      async settle(timeoutMs) {
        const all = proxied(workloads());
        for (const workload of all) tell(workload);
        await gone(() => first(all, behind), performance.now() + timeoutMs);
      },
      stop: () => Promise.resolve(),
    };
  };

interface Status {
  readonly configuration: string | undefined;
  readonly refused: { readonly configuration: string; readonly reason: string } | undefined;
}

const workloadOf = ({ spec }: Pod): string => `${spec.namespace}/${spec.name}`;
