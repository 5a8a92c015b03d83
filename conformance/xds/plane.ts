import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { defaultPlatform } from "../../lib/graph/platform.ts";
import { authority, keyFolder, type Authority } from "../../runtime/control/identity/index.ts";
import { writtenIdentity } from "../../runtime/control/identity/join/files.ts";
import { bootstrap } from "../../targets/xds/bootstrap.ts";
import { controlPorts, meshControl, type MeshControl } from "../rig/mesh-control/mesh-control.ts";
import { adminPort } from "../rig/workload.ts";
import type { Site } from "../rig/plane.ts";
import { trustDomain } from "../rig/workload.ts";

/** The authority of a run beside its control plane: what `mesh-control roots rotate` is to the one of a mesh. */
export interface AuthoredControl extends MeshControl {
  readonly authority: Authority;
}

export interface PlaneOptions {
  /** Of all certificates; a day when absent. */
  readonly lifetimeMs?: number;
  /** For how long what was replaced is drained; not at all when absent. */
  readonly drainSeconds?: number;
  readonly accessLog?: "stdout" | "none";
  /** An Envoy that is not the rig's. */
  readonly binary?: string;
}

/** mesh-control with an authority of the run, which also gives each pod the identity with which it connects. */
export const controlPlaneWith =
  ({ lifetimeMs, drainSeconds, accessLog, binary }: PlaneOptions) =>
  async (site: Site): Promise<AuthoredControl> => {
    const folder = join(site.directory, "authority");
    mkdirSync(folder, { mode: 0o700 });
    const root = await authority({
      store: keyFolder(folder),
      trustDomain,
      create: true,
      ...(lifetimeMs !== undefined && { lifetimeMs }),
    });
    const plane = await meshControl({
      authority: folder,
      settings: {
        ...(lifetimeMs !== undefined && { lifetimeMs }),
        ...(drainSeconds !== undefined && { limits: { drainMs: drainSeconds * 1000 } }),
        ...(accessLog && { accessLog }),
      },
      envoy: { ...(binary !== undefined && { binary }), ...(drainSeconds !== undefined && { drainSeconds }) },
      bootstrap: ({ workload, pod, identityFolder }) =>
        bootstrap({
          workload,
          instance: pod,
          platform: { ...defaultPlatform, trustDomain },
          adminPort,
          source: { kind: "control", address: site.gateway, port: controlPorts.listen, identityFolder },
        }),
      identity: async (_, identity, to) => {
        const { certificateChain, privateKey } = await root.issued(identity);
        await writtenIdentity(to, { certificateChain, privateKey: () => privateKey, roots: root.roots() });
      },
    })(site);
    return {
      ...plane,
      authority: root,
      stop: async () => {
        root.close();
        await plane.stop();
      },
    };
  };

/** As the suites run it unless they say otherwise. */
export const controlPlane = controlPlaneWith({});
