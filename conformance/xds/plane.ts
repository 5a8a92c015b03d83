import { defaultPlatform } from "../../lib/graph/platform.ts";
import { bootstrap } from "../../targets/xds/bootstrap.ts";
import type { EnvoyOptions } from "../rig/envoys.ts";
import { fedEnvoys } from "../rig/mesh-control/fed-envoys.ts";
import { controlPorts, meshControl, type MeshControl } from "../rig/mesh-control/mesh-control.ts";
import type { Site } from "../rig/plane.ts";
import { adminPort, trustDomain } from "../rig/workload.ts";

/** mesh-control, and Envoys that start with the bootstrap that it writes for machines. */
export const controlPlaneWith = (envoy: EnvoyOptions): ((site: Site) => Promise<MeshControl>) =>
  meshControl(
    fedEnvoys(
      ({ workload, pod, identityFolder, gateway }) =>
        bootstrap({
          workload,
          instance: pod,
          platform: { ...defaultPlatform, trustDomain },
          adminPort,
          source: { kind: "control", address: gateway, port: controlPorts.listen, identityFolder },
        }),
      envoy,
    ),
  );

/** As the suites run it unless they say otherwise. */
export const controlPlane = controlPlaneWith({});
