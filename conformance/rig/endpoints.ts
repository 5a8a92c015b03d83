import type { Kube, KubeObject } from "./kube.ts";
import type { Workload } from "./workload.ts";

interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

interface ServiceSpec {
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly ServicePort[];
}

/** Plays Kubernetes' endpoint slice controller: every Service with a selector gets the running pods that match. */
export interface EndpointController {
  /** Brings the cluster up to date; returns the addresses that each service (`name.namespace.svc.cluster.local`) has now. */
  readonly reconcile: (workloads: readonly Workload[]) => Promise<ReadonlyMap<string, readonly string[]>>;
}

export const endpointController = (kube: Kube): EndpointController => {
  const written = new Map<string, { readonly text: string; readonly slice: KubeObject }>();
  return {
    async reconcile(workloads) {
      const addresses = new Map<string, readonly string[]>();
      const wanted = new Map<string, KubeObject>();
      for (const service of await kube.list("v1", "Service")) {
        const { selector } = service.spec as ServiceSpec;
        if (selector === undefined || Object.keys(selector).length === 0) continue;
        const slices = endpointSlices(service, workloads);
        for (const slice of slices) wanted.set(`${slice.metadata.namespace}/${slice.metadata.name}`, slice);
        addresses.set(
          `${service.metadata.name}.${service.metadata.namespace}.svc.cluster.local`,
          slices.flatMap(({ endpoints }) =>
            (endpoints as readonly { readonly addresses: readonly string[] }[]).flatMap(
              (endpoint) => endpoint.addresses,
            ),
          ),
        );
      }
      const stale = [...written].filter(([key]) => !wanted.has(key));
      await kube.delete(stale.map(([, { slice }]) => slice));
      for (const [key] of stale) written.delete(key);
      const changed = [...wanted].filter(([key, slice]) => written.get(key)?.text !== JSON.stringify(slice));
      await kube.apply(changed.map(([, slice]) => slice));
      for (const [key, slice] of changed) written.set(key, { text: JSON.stringify(slice), slice });
      return addresses;
    },
  };
};

/** One slice for each way in which the service's target ports resolve: named ones may differ from pod to pod. */
const endpointSlices = (service: KubeObject, workloads: readonly Workload[]): readonly KubeObject[] => {
  const { name, namespace = "default" } = service.metadata;
  const { selector = {}, ports = [] } = service.spec as ServiceSpec;
  const members = workloads.filter(
    ({ spec }) =>
      spec.inCluster !== false &&
      spec.namespace === namespace &&
      Object.entries(selector).every(([key, value]) => spec.labels[key] === value),
  );
  const byPorts = new Map<string, { readonly ports: readonly unknown[]; readonly members: Workload[] }>();
  for (const member of members) {
    const resolved = ports.flatMap((port) => {
      const target = port.targetPort ?? port.port;
      const number =
        typeof target === "number" ? target : member.spec.ports.find((served) => served.name === target)?.number;
      return number === undefined
        ? []
        : [
            {
              ...(port.name === undefined ? {} : { name: port.name }),
              port: number,
              protocol: port.protocol ?? "TCP",
              ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
            },
          ];
    });
    const key = JSON.stringify(resolved);
    const group = byPorts.get(key) ?? { ports: resolved, members: [] };
    group.members.push(member);
    byPorts.set(key, group);
  }
  return [...byPorts.values()].map((group, index) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-${index}`,
      namespace,
      // Also makes a slice new where its Service was deleted and made anew.
      ownerReferences: [{ apiVersion: "v1", kind: "Service", name, uid: service.metadata.uid ?? "", controller: true }],
      labels: { "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "rig.meshwright" },
    },
    addressType: "IPv4",
    endpoints: group.members.map(({ address, pod, uid }) => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: "Pod", name: pod, namespace, uid },
    })),
    ports: group.ports,
  }));
};
