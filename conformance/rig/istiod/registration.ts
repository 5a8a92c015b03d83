import type { PlacedPod, Pod, WorkloadSpec } from "../workload.ts";
import { KubeError, type Kube, type KubeObject } from "../kube.ts";

/** A pod as Kubernetes knows it. */
export interface RegisteredPod extends PlacedPod {
  readonly uid: string;
}

/** The label by which istiod knows that a pod understands mTLS; Istio's injector sets it. */
export const injected = <P extends Pod>(pod: P): P =>
  pod.spec.kind === "none"
    ? pod
    : { ...pod, spec: { ...pod.spec, labels: { "security.istio.io/tlsMode": "istio", ...pod.spec.labels } } };

/** Tells Kubernetes of the pod, as a kubelet would. */
export const registered = async (kube: Kube, asked: PlacedPod): Promise<RegisteredPod> => {
  const { spec, address } = asked;
  await kube
    .raw("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: spec.namespace } })
    .catch((error: unknown) => {
      if (!(error instanceof KubeError && error.refusal.status === 409)) throw error;
    });
  const object = podObject(asked);
  const [stored] = await kube.apply([object]);
  await kube.applyStatus({
    ...object,
    spec: undefined,
    status: {
      phase: "Running",
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: "Ready", status: "True" }],
    },
  });
  return { ...asked, uid: stored?.metadata.uid ?? "" };
};

/** Takes the pod out of Kubernetes. */
export const unregistered = (kube: Kube, pod: Pod): Promise<void> => kube.delete([podObject(pod)]);

const podObject = ({ pod, spec }: Pod): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: pod,
    namespace: spec.namespace,
    labels: spec.labels,
    annotations: { "rig.meshwright/workload": spec.name },
  },
  spec: podSpec(spec),
});

const podSpec = ({ serviceAccount: serviceAccountName = "default", ports }: WorkloadSpec): unknown => ({
  serviceAccountName,
  containers: [
    {
      name: "main",
      image: "rig",
      ports: ports.map(({ number, name }) => ({
        containerPort: number,
        ...(name === undefined ? {} : { name }),
        protocol: "TCP",
      })),
    },
  ],
});
