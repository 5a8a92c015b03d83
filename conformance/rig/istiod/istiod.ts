import { envoys, type EnvoyOptions } from "../envoys.ts";
import type { Plane, Site } from "../plane.ts";
import { bootstrap, nodeName } from "./bootstrap.ts";
import { controlPlane, plainMeshConfig, type ControlPlane } from "./control-plane.ts";
import { endpointController } from "./endpoints.ts";
import { identityPort, identityProcess } from "./identities.ts";
import { keyOf, type Kube, type KubeObject } from "../kube.ts";
import type { Discovery } from "./discovery.ts";
import { injected, registered, unregistered, type RegisteredPod } from "./registration.ts";
import { settlement } from "./settle.ts";
import type { PlacedPod } from "../workload.ts";

/** Istio's control plane above a Kubernetes without nodes. */
export interface Istiod extends Plane, Discovery, Pick<ControlPlane, "discovery" | "kubeconfig"> {
  /** For reading, and for objects that the rig need not wait for. */
  readonly kube: Kube;
  /** Applies (server-side, strict) and remembers what `settle` must wait for. Throws a KubeError when one is refused. */
  readonly apply: (objects: readonly KubeObject[]) => Promise<readonly KubeObject[]>;
  readonly delete: (objects: readonly KubeObject[]) => Promise<void>;
  /** Deletes everything that was ever applied through `apply`, Namespaces apart. */
  readonly clear: () => Promise<void>;
  /** The whole configuration that the Envoy of a pod starts with. */
  readonly bootstrap: (pod: PlacedPod) => Promise<unknown>;
  /** What istiod answers on its debugging port, for example `/debug/syncz`. */
  readonly debug: (path: string) => Promise<string>;
  /** Runs istioctl against this cluster; its output and exit code. */
  readonly istioctl: (args: readonly string[]) => Promise<{ readonly code: number; readonly output: string }>;
}

export interface IstiodOptions {
  readonly meshConfig?: string;
  /** How long istiod waits for quiet before it pushes (`PILOT_DEBOUNCE_AFTER`). */
  readonly debounceAfter?: string;
  /** Where Envoys find it in place of its own port, if somebody stands between. */
  readonly discoveryPort?: number;
  readonly envoy?: EnvoyOptions;
}

/** Waiting for quiet is most of the time of an update here; Istio's own default is 100 ms. */
const shortDebounce = "50ms";

/** etcd, the API server, istiod under this mesh config and our identities, and what the rig plays of Kubernetes: kubelets, endpoints. */
export const istiod =
  ({ meshConfig = plainMeshConfig, debounceAfter = shortDebounce, discoveryPort, envoy }: IstiodOptions = {}) =>
  async (site: Site): Promise<Istiod> => {
    const [identities, plane] = await Promise.all([
      identityProcess(site),
      controlPlane(site, meshConfig, debounceAfter),
    ]);
    const { kube } = plane;
    const pods = new Map<string, RegisteredPod>();
    const { expected, settle } = settlement(plane, endpointController(kube), () => [...pods.values()], site.workloads);
    const applied = new Map<string, KubeObject>();

    const remove = async (objects: readonly KubeObject[]): Promise<void> => {
      await kube.delete(objects);
      for (const object of objects) {
        applied.delete(keyOf(object));
        expected(object, undefined);
      }
    };
    const begun = async (pod: PlacedPod): Promise<unknown> => {
      const identityFolder = await site.mesh.identityFolder(pod);
      const served = { address: site.gateway, port: identityPort, identityFolder };
      const { address, port } = plane.discovery;
      return bootstrap(injected(pod), { address, port: discoveryPort ?? port }, served);
    };
    return {
      kube,
      debug: plane.istiodDebug,
      istioctl: plane.istioctl,
      process: plane.istiod.process,
      restarted: plane.istiod.restarted,
      kubeconfig: plane.kubeconfig,
      discovery: plane.discovery,
      async apply(objects) {
        const stored = await kube.apply(objects);
        for (const object of stored) {
          applied.set(keyOf(object), object);
          expected(object, object.metadata.resourceVersion);
        }
        return stored;
      },
      delete: remove,
      clear: () => remove([...applied.values()].filter(({ kind }) => kind !== "Namespace")),
      proxyName: nodeName,
      proxies: envoys(begun, envoy),
      bootstrap: begun,
      async started(pod) {
        pods.set(pod.pod, await registered(kube, injected(pod)));
      },
      async stopped(pod) {
        pods.delete(pod.pod);
        await unregistered(kube, pod);
      },
      settle,
      stop: async () => void (await Promise.all([identities.stop(500), plane.stop()])),
    };
  };
