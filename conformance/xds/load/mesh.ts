import type { Service, ServiceGraph, Workload } from "../../../lib/graph/graph.ts";
import type { Call } from "../../../lib/model/call.ts";

const port = { service: 80, workload: 8080 } as const;

const workload = (namespace: string, name: string, app: string): Workload => ({
  namespace,
  name,
  kind: "Deployment",
  labels: { app, version: name.split("-")[1] ?? "v1" },
  serviceAccount: app,
  ports: callers.includes(`${namespace}/${name}`) ? [] : [{ number: port.workload, name: "http" }],
  proxy: "sidecar",
  excludedPorts: { inbound: [], outbound: [] },
  source: "load.yaml",
});

const service = (namespace: string, name: string, number: number, app: string, ids: readonly string[]): Service => ({
  namespace,
  name,
  kind: "cluster",
  ports: [{ number, name: "http", protocol: "http", target: port.workload }],
  selector: { app },
  workloads: ids,
  subsets: ids.map((id) => {
    const version = id.split("-")[1] ?? "";
    return { name: version, labels: { version }, workloads: [id] };
  }),
  source: "load.yaml",
});

/** Who calls all the time; nobody calls them. */
export const callers: readonly string[] = ["bank/three", "shop/one", "shop/two"];

/** What of the graph changes: which of alpha's workloads are a subset besides, and whether beta's second one is gamma's. */
export interface GraphEdits {
  readonly canary?: { readonly name: string; readonly workloads: readonly string[] } | undefined;
  readonly moved?: boolean;
}

/** Four services that are called, and one that only comes and goes in scopes. */
export const graphWith = ({ canary, moved = false }: GraphEdits): ServiceGraph => {
  const alpha = service("shop", "alpha", port.service, "alpha", ["shop/alpha-v1", "shop/alpha-v2", "shop/alpha-v3"]);
  const gammas = [...(moved ? ["shop/beta-v2"] : []), "shop/gamma-v1"];
  const one = (name: string, app = name.split("-")[0] ?? ""): Workload => workload("shop", name, app);
  const second = one("beta-v2");
  return {
    namespaces: ["bank", "shop"].map((name) => ({ name, labels: {} })),
    services: [
      service("bank", "delta", port.service, "delta", ["bank/delta-v1"]),
      canary === undefined
        ? alpha
        : { ...alpha, subsets: [{ ...canary, labels: { canary: canary.name } }, ...alpha.subsets] },
      service("shop", "beta", port.service, "beta", ["shop/beta-v1", ...(moved ? [] : ["shop/beta-v2"])]),
      service("shop", "gamma", port.service, "gamma", gammas),
      service("shop", "idle", 7000, "gamma", gammas),
    ],
    workloads: [
      workload("bank", "delta-v1", "delta"),
      workload("bank", "three", "three"),
      ...["alpha-v1", "alpha-v2", "alpha-v3", "beta-v1"].map((name) => one(name)),
      moved ? { ...second, labels: { ...second.labels, app: "gamma" } } : second,
      ...["gamma-v1", "one", "two"].map((name) => one(name)),
    ],
  };
};

/** As it is at first: pods are started by it. */
export const graph: ServiceGraph = graphWith({});

export const hostOf = (name: string): string =>
  `${name}.${graph.services.find((one) => one.name === name)?.namespace}.svc.cluster.local`;

const get = (
  from: string,
  name: string,
  target: string,
  headers: readonly (readonly [string, string])[] = [],
): Call => ({
  from,
  to: { kind: "destination", host: hostOf(name) },
  port: port.service,
  request: { method: "GET", target, host: hostOf(name), headers },
});

/** What each caller asks, again and again. */
export const calls: readonly Call[] = callers.flatMap((from) => [
  get(from, "alpha", "/"),
  get(from, "alpha", "/canary/x"),
  get(from, "beta", "/"),
  get(from, "beta", "/", [["x-canary", "yes"]]),
  get(from, "gamma", "/g?q=1"),
  get(from, "delta", "/d"),
]);

export const callsTo = (name: string): readonly Call[] =>
  calls.filter(({ to }) => to.kind === "destination" && to.host === hostOf(name));
