import { envoys, type EnvoyOptions } from "../envoys.ts";
import { atWork } from "../settling.ts";
import type { Pod } from "../workload.ts";
import type { Fed } from "./mesh-control.ts";

/** A pod whose Envoy is about to start, by what our bootstrap needs of it. */
export interface BootstrapPod {
  /** `namespace/workload`. */
  readonly workload: string;
  /** The pod's name; its Envoy's node id is `namespace/workload/pod`. */
  readonly pod: string;
  readonly address: string;
  readonly identityFolder: string;
  /** Where it finds the control plane. */
  readonly gateway: string;
}

/** `bootstrap` is what a pod's Envoy starts with. It must serve its admin interface on loopback at `adminPort`. */
export const fedEnvoys = (bootstrap: (pod: BootstrapPod) => unknown, envoy?: EnvoyOptions): Fed => ({
  proxies: ({ mesh, gateway }) =>
    envoys(async (placed) => {
      const { spec, pod, address } = placed;
      const identityFolder = await mesh.identityFolder(placed);
      return bootstrap({ workload: `${spec.namespace}/${spec.name}`, pod, address, identityFolder, gateway });
    }, envoy),
  nodeId: ({ spec, pod }: Pod) => `${spec.namespace}/${spec.name}/${pod}`,
  atWork,
});
