import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { defaultPlatform } from "../../lib/graph/platform.ts";
import { authority, keyFolder } from "../../runtime/control/identity/index.ts";
import { writtenIdentity } from "../../runtime/control/identity/join/files.ts";
import { bootstrap } from "../../targets/xds/bootstrap.ts";
import { controlPorts, meshControl, type MeshControl } from "../rig/mesh-control/mesh-control.ts";
import { adminPort } from "../rig/workload.ts";
import type { Site } from "../rig/plane.ts";
import { trustDomain } from "../rig/workload.ts";

/** mesh-control with an authority of the run, which also gives each pod the identity with which it connects. */
export const controlPlane = async (site: Site): Promise<MeshControl> => {
  const folder = join(site.directory, "authority");
  mkdirSync(folder, { mode: 0o700 });
  const root = await authority({ store: keyFolder(folder), trustDomain, create: true });
  const plane = await meshControl({
    authority: folder,
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
    stop: async () => {
      root.close();
      await plane.stop();
    },
  };
};
