import type { Service, ServiceGraph, Workload } from "../../lib/graph/graph.ts";
import type { Random } from "./random.ts";

export const namespace = "shop";
export const neighbour = "bank";
export const gatewayId = "edge/ingress";

const workload = (of: {
  readonly namespace: string;
  readonly name: string;
  readonly app: string;
  readonly version: string;
  readonly port: number;
  readonly proxy: Workload["proxy"];
}): Workload => ({
  namespace: of.namespace,
  name: of.name,
  kind: "Deployment",
  labels: { app: of.app, version: of.version },
  serviceAccount: of.app,
  ports: [{ number: of.port, name: "main" }],
  proxy: of.proxy,
  excludedPorts: { inbound: [], outbound: [] },
  source: "random.yaml",
});

/**
 * Three services of one to three versions in two namespaces, a TCP service, and a gateway; rarer, a port that carries no HTTP, and a
 * second service on the workloads of another.
 */
export const randomGraph = (random: Random, rarer: Random): ServiceGraph => {
  const workloads: Workload[] = [];
  const services: Service[] = [];
  for (const [index, name] of ["alpha", "beta", "gamma"].entries()) {
    const home = name === "gamma" ? neighbour : namespace;
    const versions = ["v1", "v2", "v3"].slice(0, 1 + random.below(3));
    const target = 8080 + (random.chance(50) ? index : 0);
    workloads.push(
      ...versions.map((version) =>
        workload({ namespace: home, name: `${name}-${version}`, app: name, version, port: target, proxy: "sidecar" }),
      ),
    );
    services.push({
      namespace: home,
      name,
      kind: "cluster",
      ports: [{ number: random.one([80, 8000]), name: "http", protocol: "http", target }],
      selector: { app: name },
      workloads: versions.map((version) => `${home}/${name}-${version}`),
      subsets: versions.map((version) => ({
        name: version,
        labels: { version },
        workloads: [`${home}/${name}-${version}`],
      })),
      source: "random.yaml",
    });
  }
  workloads.push(workload({ namespace, name: "store-v1", app: "store", version: "v1", port: 5432, proxy: "sidecar" }));
  services.push({
    namespace,
    name: "store",
    kind: "cluster",
    ports: [{ number: 5432, name: "tcp-db", protocol: "tcp", target: 5432 }],
    selector: { app: "store" },
    workloads: [`${namespace}/store-v1`],
    subsets: [],
    source: "random.yaml",
  });
  workloads.push({
    ...workload({ namespace: "edge", name: "ingress", app: "ingress", version: "v1", port: 8080, proxy: "gateway" }),
  });
  services.push({
    namespace: "edge",
    name: "ingress",
    kind: "cluster",
    ports: [{ number: 80, name: "http", protocol: "http", target: 8080 }],
    selector: { app: "ingress" },
    workloads: [gatewayId],
    subsets: [],
    source: "random.yaml",
  });
  if (rarer.chance(40)) {
    const [alpha] = services;
    services[0] = {
      ...alpha!,
      ports: [...alpha!.ports, { number: 9000, name: "tcp-admin", protocol: "tcp", target: 9100 }],
    };
    for (const [index, one] of workloads.entries())
      if (one.labels["app"] === "alpha")
        workloads[index] = { ...one, ports: [...one.ports, { number: 9100, name: "admin" }] };
  }
  if (rarer.chance(30)) {
    const beta = services[1]!;
    services.push({ ...beta, name: "twin", ports: [{ ...beta.ports[0]!, number: 7000 }] });
  }
  const byId = <T extends { readonly namespace: string; readonly name: string }>(of: readonly T[]): readonly T[] =>
    [...of].sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
  return {
    namespaces: [neighbour, "edge", namespace].map((name) => ({ name, labels: {} })),
    services: byId(services),
    workloads: byId(workloads),
  };
};
