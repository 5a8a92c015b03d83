import { lowered } from "../../../golden/random/mesh.ts";
import type { Service, ServiceGraph, Workload } from "../../../lib/graph/graph.ts";
import { defaultPlatform } from "../../../lib/graph/platform.ts";
import type { Call } from "../../../lib/model/call.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";

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

const service = (namespace: string, name: string, number: number, ids: readonly string[]): Service => ({
  namespace,
  name,
  kind: "cluster",
  ports: [{ number, name: "http", protocol: "http", target: port.workload }],
  selector: { app: name },
  workloads: ids,
  subsets: ids.map((id) => {
    const version = id.split("-")[1] ?? "";
    return { name: version, labels: { version }, workloads: [id] };
  }),
  source: "load.yaml",
});

/** Who calls all the time; nobody calls them. */
export const callers: readonly string[] = ["bank/three", "shop/one", "shop/two"];

/** Four services that are called, and one that only comes and goes in scopes. */
export const graph: ServiceGraph = {
  namespaces: ["bank", "shop"].map((name) => ({ name, labels: {} })),
  services: [
    service("bank", "delta", port.service, ["bank/delta-v1"]),
    service("shop", "alpha", port.service, ["shop/alpha-v1", "shop/alpha-v2", "shop/alpha-v3"]),
    service("shop", "beta", port.service, ["shop/beta-v1", "shop/beta-v2"]),
    service("shop", "gamma", port.service, ["shop/gamma-v1"]),
    service("shop", "idle", 7000, ["shop/gamma-v1"]),
  ],
  workloads: [
    workload("bank", "delta-v1", "delta"),
    workload("bank", "three", "three"),
    ...["alpha-v1", "alpha-v2", "alpha-v3", "beta-v1", "beta-v2", "gamma-v1"].map((name) =>
      workload("shop", name, name.split("-")[0] ?? ""),
    ),
    workload("shop", "one", "one"),
    workload("shop", "two", "two"),
  ],
};

export const hostOf = (name: string): string =>
  `${name}.${graph.services.find((one) => one.name === name)?.namespace}.svc.cluster.local`;

/** What the graph means when nobody says anything, but that nothing is tried again: a retry would hide what this looks for. */
export const baseMesh = (): Mesh => {
  const { value: mesh, diagnostics } = lowered(
    {
      config: { folders: { ".": ["shop", "bank"] }, defaults: { mtls: "strict", access: "anyone" } },
      policies: [],
      externals: [],
      ingresses: [],
    },
    graph,
    { ...defaultPlatform, outbound: "registry-only" },
  );
  if (mesh === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  const hosts = mesh.destinations.map(({ host }) => host).filter((host) => host !== hostOf("idle"));
  return {
    ...mesh,
    destinations: mesh.destinations.map((destination) => ({
      ...destination,
      ports: destination.ports.map((one) => ({
        ...one,
        routes: one.routes.map((route) => ({ ...route, retries: "none" as const })),
      })),
    })),
    scopes: mesh.scopes.map((scope) => ({ ...scope, hosts })),
  };
};

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
