import type { KubernetesObject } from "../../../targets/istio/object.ts";
import { refOf } from "../../../runtime/gitops/cluster/index.ts";
import { labelled } from "../../../runtime/gitops/record.ts";
import type { Rig } from "../../rig/rig.ts";
import type { Workload } from "../../rig/workload.ts";
import type { Verdicts } from "../../suite.ts";
import type { TrafficCluster } from "./cluster.ts";
import type { SkewedIstiod } from "./skewed-istiod.ts";
import { mostSkewMs } from "./rollouts.ts";

/** When mesh-sync believes that all proxies have something, the slowest has it: by what it says itself. */
export const settlingChecks = async (
  verdicts: Verdicts,
  rig: Rig<SkewedIstiod>,
  cluster: TrafficCluster,
  host: string,
): Promise<void> => {
  const { signal } = new AbortController();
  const slow = rig.workloads().find(({ spec }) => spec.kind === "sidecar");
  if (slow === undefined) throw new Error("no sidecar runs");
  const { namespace } = slow.spec;
  await rig.plane.delayed(slow.address, mostSkewMs);
  try {
    for (const { what, object, isHeld } of changes(namespace, host)) {
      const law = `${what}: settled means that the slowest proxy has it`;
      const stored = await cluster.api.apply(labelled(object, cluster.labels));
      const ref = refOf(object);
      const began = performance.now();
      await cluster.settling.settled([{ ref, resourceVersion: stored.metadata.resourceVersion }], signal);
      const has = await isHeld(slow);
      const early = performance.now() - began < mostSkewMs;
      if (has && !early) verdicts.pass(law);
      else verdicts.fail(law, has ? "its delay was not felt" : "it has not");
      await cluster.removed([stored]);
      await cluster.settling.settled([{ ref, resourceVersion: undefined }], signal);
      if (await isHeld(slow)) verdicts.fail(`${what}, deleted`, "the slowest proxy has it still");
      else verdicts.pass(`${what}, deleted: settled means that the slowest proxy has it no more`);
    }
  } finally {
    await rig.plane.delayed(slow.address, 0);
  }
};

interface Change {
  readonly what: string;
  readonly object: KubernetesObject;
  /** Whether a proxy works by it, in its own word. */
  readonly isHeld: (pod: Workload) => Promise<boolean>;
}

const mark = "rig-settling";

const changes = (namespace: string, host: string): readonly Change[] => [
  {
    what: "an authorization",
    object: {
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: { namespace, name: mark, labels: {} },
      spec: { action: "DENY", rules: [{ to: [{ operation: { paths: [`/${mark}`] } }] }] },
    },
    isHeld: async (pod) => (await pod.admin("/config_dump?resource=dynamic_listeners")).includes(`/${mark}`),
  },
  {
    what: "a subset",
    object: {
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      metadata: { namespace, name: mark, labels: {} },
      spec: { host, subsets: [{ name: mark, labels: { rig: "nobody" } }] },
    },
    isHeld: async (pod) => (await pod.admin("/config_dump?resource=dynamic_active_clusters")).includes(`|${mark}|`),
  },
  {
    what: "a route",
    object: {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { namespace, name: mark, labels: {} },
      spec: {
        hosts: [host],
        http: [{ match: [{ uri: { exact: `/${mark}` } }], directResponse: { status: 418 } }],
      },
    },
    isHeld: async (pod) => (await pod.admin("/config_dump?resource=dynamic_route_configs")).includes(`/${mark}`),
  },
];
