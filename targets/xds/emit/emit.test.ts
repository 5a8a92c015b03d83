import { expect, test } from "vitest";
import { capturedPlacement } from "../../../golden/random/placement.ts";
import { randomMesh } from "../../../golden/random/mesh.ts";
import { nowhere } from "../../../lib/graph/placement.ts";
import { takesMtls } from "../../../lib/model/automatic-mtls.ts";
import type { Mesh, SpiffeId } from "../../../lib/model/mesh.ts";
import { encoded } from "../proto/codec.ts";
import { resourceTypes, type ProxyResources } from "../resource.ts";
import { proxyResources } from "./index.ts";

const seeds = Array.from({ length: 40 }, (_, index) => index + 1);
const told = (seed: number): readonly (readonly [id: string, resources: ProxyResources])[] => {
  const { graph, mesh } = randomMesh(seed, "192.0.2.1");
  return mesh.workloads.flatMap((workload) =>
    workload.proxy === "none"
      ? []
      : [
          [
            workload.id,
            proxyResources(mesh, workload, undefined, {
              placement: capturedPlacement(graph),
              delivery: "ads",
              accessLog: "none",
            }),
          ] as const,
        ],
  );
};
const types = resourceTypes.filter((type) => type !== "secret");

test("everything that is told is a message of its type, under a name that is told once, in order", () => {
  for (const seed of seeds)
    for (const [, resources] of told(seed))
      for (const type of types) {
        const names = resources[type].map(({ name }) => name);
        expect(names).toEqual([...new Set(names)].sort());
        for (const { message } of resources[type]) expect(encoded(type, message).length).toBeGreaterThan(0);
      }
});

test("routes and listeners lead to clusters that are told, and clusters have their endpoints: a view is closed", () => {
  for (const seed of seeds)
    for (const [id, resources] of told(seed)) {
      const clusters = new Set(resources.cluster.map(({ name }) => name));
      const named = JSON.stringify([resources.routes, resources.listener]).matchAll(
        /"(?:cluster|name)":"((?:outbound|inbound)\|\d[^"]*\|[^"]*)"/g,
      );
      for (const [, name] of named)
        if (!/^inbound\|\d+\|\|$/.test(name!) || clusters.has(name!)) expect(clusters, `${id} ${name}`).toContain(name);
      const placed = new Set(resources.endpoints.map(({ name }) => name));
      for (const { message } of resources.cluster)
        if (message.type === "EDS") expect(placed).toContain(message.edsClusterConfig?.serviceName);
      const tables = new Set(resources.routes.map(({ name }) => name));
      for (const [, name] of JSON.stringify(resources.listener).matchAll(/"routeConfigName":"([^"]+)"/g))
        expect(tables).toContain(name);
    }
});

test("endpoints have another name as soon as their cluster believes others, and the same where nothing else changed", () => {
  const identity: SpiffeId = "spiffe://cluster.local/ns/elsewhere/sa/other";
  let concerned = 0;
  for (const seed of seeds.slice(0, 10)) {
    const { graph, mesh } = randomMesh(seed);
    const placement = capturedPlacement(graph);
    const caller = mesh.workloads.find(({ proxy }) => proxy === "sidecar")!;
    const named = (of: Mesh) =>
      new Map(
        proxyResources(of, caller, undefined, { placement, delivery: "ads", accessLog: "none" }).cluster.flatMap(
          ({ name, message: { edsClusterConfig } }) => (edsClusterConfig ? [[name, edsClusterConfig.serviceName]] : []),
        ),
      );
    const before = named(mesh);
    for (const one of mesh.workloads) {
      const workloads = mesh.workloads.map((other) => (other === one ? { ...one, identity } : other));
      const after = named({ ...mesh, workloads });
      for (const [name, serviceName] of before) {
        const [, port, subset, host] = name.split("|");
        const { ports, subsets, workloads } = mesh.destinations.find((candidate) => candidate.host === host)!;
        const there = subset === "" ? workloads : subsets.find((candidate) => candidate.name === subset)!.workloads;
        const { tls } = ports.find(({ number }) => String(number) === port)!;
        const isConcerned = there.includes(one.id) && tls.mode === "mesh" && takesMtls(mesh, one);
        if (isConcerned) concerned += 1;
        expect(after.get(name) !== serviceName, `${seed} ${name} ${one.id}`).toBe(isConcerned);
      }
    }
  }
  expect(concerned).toBeGreaterThan(20);
});

test("a proxy is told of nothing outside of its scope", () => {
  const { mesh } = randomMesh(3);
  for (const { hosts, selector } of mesh.scopes)
    for (const id of selector.workloads) {
      const workload = mesh.workloads.find((one) => one.id === id)!;
      const { cluster, routes } = proxyResources(mesh, workload, undefined, {
        placement: nowhere,
        delivery: "ads",
        accessLog: "none",
      });
      const known = routes.flatMap(({ message }) => (message.virtualHosts ?? []).map(({ name }) => name ?? ""));
      for (const name of known.filter((one) => !/^(allow_any|block_all)$/.test(one)))
        expect(hosts).toContain(name.replace(/:\d+$/, ""));
      for (const { name } of cluster.filter((one) => one.name.startsWith("outbound|")))
        expect(mesh.destinations.map(({ host }) => host)).toContain(name.split("|")[3]);
    }
});

test("an endpoint that takes mTLS is never called in the clear by a cluster that knows it", () => {
  for (const seed of seeds)
    for (const [, { cluster }] of told(seed))
      for (const { message } of cluster) {
        const fallback = message.transportSocketMatches?.some(({ match }) => Object.keys(match ?? {}).length === 0);
        expect(fallback ?? false).toBe(false);
      }
});
