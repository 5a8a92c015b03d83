import { istiod, type Istiod } from "../../conformance/rig/istiod/istiod.ts";
import type { KubeObject } from "../../conformance/rig/kube.ts";
import type { Site } from "../../conformance/rig/plane.ts";
import { rig } from "../../conformance/rig/rig.ts";
import type { ProxySpec } from "./clients/messages.ts";
import type { Folder } from "./folder.ts";
import { callers } from "./mesh.ts";
import { serviceObjects } from "./places.ts";
import type { BenchPlane } from "./plane.ts";

/** Istio's own default. */
export const defaultDebounce = "100ms";

/** As the graph's platform says: automatic mTLS; no access log, which ours is told to leave out too. */
const meshConfig = `
rootNamespace: istio-system
trustDomain: cluster.local
accessLogFile: ""
defaultConfig:
  discoveryAddress: istiod.istio-system.svc:15012
`;

/** istiod above an API server that holds the whole mesh, its pods and endpoints. */
export interface IstiodPlane extends BenchPlane {
  /** Where our control plane runs beside it. */
  readonly site: Site;
  readonly restarted: Istiod["restarted"];
  /** Its own word of how long its steps took, as Prometheus' text. */
  readonly metrics: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

const atOnce = 24;
const fieldManager = "meshwright-rig";

export const istiodPlane = async ({ places, istioObjects, virtualService, host }: Folder): Promise<IstiodPlane> => {
  const running = await rig(async (site) => ({
    ...(await istiod({ meshConfig, debounceAfter: defaultDebounce })(site)),
    site,
  }));
  const { plane } = running;
  try {
    await plane.apply(serviceObjects(places));
    const pods = places.flatMap((place) => place.pods);
    for (let first = 0; first < pods.length; first += atOnce)
      await Promise.all(pods.slice(first, first + atOnce).map(plane.started));
    await plane.apply(istioObjects.map((object): KubeObject => ({ ...object })));
    const settled = await running.settle({ timeoutMs: 180_000 });
    // What the rig marks its pushes with is no part of the mesh.
    await plane.kube.delete([
      {
        apiVersion: "networking.istio.io/v1alpha3",
        kind: "EnvoyFilter",
        metadata: { name: "rig-settled", namespace: "istio-system" },
      },
    ]);
    console.log(`istiod holds ${istioObjects.length} objects, ${pods.length} pods (${settled} ms after the last)`);
  } catch (error) {
    await running.stop();
    throw error;
  }
  const proxies = await Promise.all(
    places.slice(1, callers + 1).map(async ({ pods }) => {
      const { node } = (await plane.bootstrap(pods[0]!)) as ProxySpec;
      return { node };
    }),
  );
  return {
    name: "istiod",
    site: plane.site,
    spec: (count) =>
      Promise.resolve({
        name: "istiod",
        address: "127.0.0.1",
        port: plane.discovery.port,
        proxies: proxies.slice(0, count),
        secrets: [],
        host,
      }),
    write: (seconds) => {
      const object = virtualService(seconds);
      const { name, namespace } = object.metadata;
      return {
        kind: "object",
        kubeconfig: plane.kubeconfig,
        path: `/apis/${object.apiVersion}/namespaces/${namespace}/virtualservices/${name}?fieldManager=${fieldManager}&force=true&fieldValidation=Strict`,
        body: JSON.stringify(object),
      };
    },
    pid: () => plane.process().pid,
    takenAt: () => undefined,
    restarted: plane.restarted,
    metrics: () => plane.debug("/metrics"),
    stop: running.stop,
  };
};
