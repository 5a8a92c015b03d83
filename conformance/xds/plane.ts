import { defaultPlatform } from "../../lib/graph/platform.ts";
import type { Authority } from "../../runtime/control/identity/index.ts";
import { bootstrap } from "../../targets/xds/bootstrap.ts";
import { controlPorts, meshControl, type MeshControl } from "../rig/mesh-control/mesh-control.ts";
import type { Site } from "../rig/plane.ts";
import { adminPort, trustDomain } from "../rig/workload.ts";

/** The authority of a run beside its control plane: what `mesh-control root` is to the one of a mesh. */
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

/** mesh-control, and Envoys that start with the bootstrap that it writes for machines. */
export const controlPlaneWith =
  ({ lifetimeMs, drainSeconds, accessLog, binary }: PlaneOptions) =>
  async (site: Site): Promise<AuthoredControl> => {
    const plane = await meshControl({
      ...(lifetimeMs !== undefined && { lifetimeMs }),
      settings: {
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
    })(site);
    return { ...plane, authority: site.mesh.authority };
  };

/** As the suites run it unless they say otherwise. */
export const controlPlane = controlPlaneWith({});
