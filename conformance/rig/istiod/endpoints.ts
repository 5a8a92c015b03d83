import type { Kube, KubeObject } from "../kube.ts";
import type { RegisteredPod } from "./registration.ts";

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

interface EndpointSlice {
  readonly endpoints: readonly { readonly addresses: readonly string[] }[];
  readonly ports: readonly { readonly port: number }[];
}

/** Plays Kubernetes' endpoint slice controller: every Service with a selector gets the running pods that match. */
export interface EndpointController {
  /** Brings the cluster up to date; returns the endpoints (`address:port`) that each service (`name.namespace.svc.cluster.local`) has now. */
  readonly reconcile: (pods: readonly RegisteredPod[]) => Promise<ReadonlyMap<string, readonly string[]>>;
}

export const endpointController = (kube: Kube): EndpointController => {
  const written = new Map<string, { readonly text: string; readonly slice: KubeObject }>();
  return {
    async reconcile(pods) {
      const known = new Map<string, readonly string[]>();
      const wanted = new Map<string, KubeObject>();
      for (const service of await kube.list("v1", "Service")) {
        const { selector } = service.spec as ServiceSpec;
        if (selector === undefined || Object.keys(selector).length === 0) continue;
        const slices = endpointSlices(service, pods);
        for (const slice of slices) wanted.set(`${slice.metadata.namespace}/${slice.metadata.name}`, slice);
        known.set(
          `${service.metadata.name}.${service.metadata.namespace}.svc.cluster.local`,
          slices.flatMap(addressesAndPorts),
        );
      }
      const stale = [...written].filter(([key]) => !wanted.has(key));
      await kube.delete(stale.map(([, { slice }]) => slice));
      for (const [key] of stale) written.delete(key);
      const changed = [...wanted].filter(([key, slice]) => written.get(key)?.text !== JSON.stringify(slice));
      await kube.apply(changed.map(([, slice]) => slice));
      for (const [key, slice] of changed) written.set(key, { text: JSON.stringify(slice), slice });
      return known;
    },
  };
};

/** A service may move to another port of the same pods: their addresses alone do not tell that istiod has seen it. */
const addressesAndPorts = (slice: KubeObject): readonly string[] => {
  const { endpoints, ports } = slice as unknown as EndpointSlice;
  return endpoints.flatMap(({ addresses }) => addresses.flatMap((one) => ports.map(({ port }) => `${one}:${port}`)));
};

/** One slice for each way in which the service's target ports resolve: named ones may differ from pod to pod. */
const endpointSlices = (service: KubeObject, pods: readonly RegisteredPod[]): readonly KubeObject[] => {
  const { name, namespace = "default" } = service.metadata;
  const { selector = {}, ports = [] } = service.spec as ServiceSpec;
  const members = pods.filter(
    ({ spec }) =>
      spec.namespace === namespace && Object.entries(selector).every(([key, value]) => spec.labels[key] === value),
  );
  const byPorts = new Map<string, { readonly ports: readonly unknown[]; readonly members: RegisteredPod[] }>();
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
