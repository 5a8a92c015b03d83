import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { nodeId } from "../../../targets/xds/node-id.ts";
import { runningMeshProxies } from "../mesh-proxy/running.ts";
import { proxyUser } from "../network.ts";
import type { Pod } from "../workload.ts";
import { controlPorts, type Fed } from "./mesh-control.ts";

const workloadOf = ({ spec }: Pod): string => `${spec.namespace}/${spec.name}`;

/**
 * The project's own proxies, whose configuration comes from the control plane's stream; `program` is `mesh-proxy` as it is
 * published. A laboratory has one pod of each workload, and that is its first instance.
 */
export const fedMeshProxies = (program: string): Fed => ({
  proxies: ({ directory, gateway, mesh, webRoots }) =>
    runningMeshProxies(program, { mesh, webRoots }, (placed) => {
      const kept = join(directory, `${placed.pod}.${placed.spec.namespace}.told`);
      mkdirSync(kept);
      chownSync(kept, proxyUser, proxyUser);
      return [
        ...["--control", `${gateway}:${controlPorts.listen}`, "--workload", workloadOf(placed)],
        ...["--config", join(kept, "proxy.json")],
      ];
    }),
  nodeId: (pod) => nodeId({ workload: workloadOf(pod), instance: 0 }),
  // It acknowledges what is in force.
  atWork: () => Promise.resolve(undefined),
});
