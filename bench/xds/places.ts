import { type BenchService, ports } from "../compile/mesh.ts";
import type { PlacedPod, WorkloadSpec } from "../../conformance/rig/workload.ts";

/** Two workloads for each service, a pod each: the same addresses for both control planes. */
export interface Place {
  readonly service: BenchService;
  /** The service's own address. */
  readonly address: string;
  readonly pods: readonly PlacedPod[];
}

const versions = ["v1", "v2"] as const;

export const places = (services: readonly BenchService[]): readonly Place[] =>
  services.map((service, index) => ({
    service,
    address: `10.100.${index >> 8}.${index & 255}`,
    pods: versions.map((version, second) => {
      const name = `${service.name}-${version}`;
      const spec: WorkloadSpec = {
        name,
        namespace: service.namespace,
        labels: { app: service.name, version },
        serviceAccount: service.name,
        ports: [{ number: ports.workload, name: "http", protocol: "http" }],
        kind: "sidecar",
      };
      return { spec, pod: `${name}-0`, address: `10.${150 + second}.${index >> 8}.${index & 255}` };
    }),
  }));

/** What tells our control plane where things run: `placement.yaml`. */
export const placementText = (all: readonly Place[]): string =>
  [
    "workloads:",
    ...all.flatMap(({ pods }) =>
      pods.map(({ spec, address }) => `  ${spec.namespace}/${spec.name}: [{ address: ${address} }]`),
    ),
    "services:",
    ...all.map(({ service, address }) => `  ${service.namespace}/${service.name}: [${address}]`),
    "",
  ].join("\n");

/** What tells istiod of the services themselves: it learns of the workloads by their pods. */
export const serviceObjects = (all: readonly Place[]) => [
  ...[...new Set(all.map(({ service }) => service.namespace))].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "istio-injection": "enabled" } },
  })),
  ...all.map(({ service: { name, namespace }, address }) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: {
      clusterIP: address,
      selector: { app: name },
      ports: [{ name: "http", port: ports.service, targetPort: ports.workload }],
    },
  })),
];
