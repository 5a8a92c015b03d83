import { idOf, type ServiceGraph } from "../../lib/graph/graph.ts";
import { serviceAddresses } from "../laboratory/laboratory.ts";

/** A Kubernetes object of the platform itself, as a cluster's owner would write it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** What a graph says, as the manifests from which it could have been read. */
export const manifests = (graph: ServiceGraph): readonly Manifest[] => {
  const addresses = serviceAddresses(graph);
  const accounts = new Map(
    graph.workloads.map(({ namespace, serviceAccount }) => [
      `${namespace}/${serviceAccount}`,
      { namespace, name: serviceAccount },
    ]),
  );
  return [
    ...graph.namespaces.map(({ name }): Manifest => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { "istio-injection": "enabled" } },
    })),
    ...[...accounts.values()].map((metadata): Manifest => ({ apiVersion: "v1", kind: "ServiceAccount", metadata })),
    ...graph.services.map((service): Manifest => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: service.name, namespace: service.namespace },
      spec: {
        clusterIP: addresses.get(idOf(service)),
        selector: service.selector,
        ports: service.ports.map(({ name, number, target }) => ({
          name,
          port: number,
          targetPort: target,
          protocol: "TCP",
        })),
      },
    })),
    ...graph.workloads.map((workload): Manifest => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: workload.name, namespace: workload.namespace },
      spec: {
        selector: { matchLabels: workload.labels },
        template: {
          metadata: {
            labels: workload.labels,
            annotations: workload.proxy === "gateway" ? { "inject.istio.io/templates": "gateway" } : {},
          },
          spec: {
            serviceAccountName: workload.serviceAccount,
            containers: [
              {
                name: "main",
                image: workload.proxy === "gateway" ? "auto" : "none",
                ports: workload.ports.map(({ number, name }) => ({ containerPort: number, name })),
              },
            ],
          },
        },
      },
    })),
  ];
};
