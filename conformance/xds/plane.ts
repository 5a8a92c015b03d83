import { defaultPlatform } from "../../lib/graph/platform.ts";
import { bootstrap } from "../../targets/xds/bootstrap.ts";
import type { EnvoyOptions } from "../rig/envoys.ts";
import { controlPorts, meshControl, type MeshControl } from "../rig/mesh-control/mesh-control.ts";
import type { Site } from "../rig/plane.ts";
import { adminPort, trustDomain } from "../rig/workload.ts";

/** mesh-control, and Envoys that start with the bootstrap that it writes for machines. */
export const controlPlaneWith =
  (envoy: EnvoyOptions) =>
  (site: Site): Promise<MeshControl> =>
    meshControl({
      envoy,
      bootstrap: ({ workload, pod, identityFolder }) =>
        bootstrap({
          workload,
          instance: pod,
          platform: { ...defaultPlatform, trustDomain },
          adminPort,
          source: { kind: "control", address: site.gateway, port: controlPorts.listen, identityFolder },
        }),
    })(site);

/** As the suites run it unless they say otherwise. */
export const controlPlane = controlPlaneWith({});
