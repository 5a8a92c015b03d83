import { expect, test } from "vitest";
import { randomMesh } from "../../../golden/random/mesh.ts";
import { capturedPlacement, loopbackPlacement } from "../../../golden/random/placement.ts";
import type { Destination, Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import type { Placement } from "../../../lib/graph/placement.ts";
import { clusterName } from "../cluster-name.ts";
import type { Listener, ProxyConfig } from "../config.ts";
import { native } from "../index.ts";
import { proxyConfig } from "./index.ts";

const seeds = Array.from({ length: 40 }, (_, index) => index + 1);
const { graph, mesh } = randomMesh(3);
const placement = capturedPlacement(graph);
const store = mesh.workloads.find(({ id }) => id === "shop/store-v1")!;
const alpha = mesh.workloads.find(({ id }) => id === "shop/alpha-v1")!;

const told = (workload: MeshWorkload, of: Mesh = mesh, placed: Placement = placement): ProxyConfig =>
  proxyConfig(of, workload, placed.instances[workload.id]![0]!, placed);
const ofKind = <Kind extends Listener["kind"]>({ listeners }: ProxyConfig, kind: Kind) =>
  listeners.filter((one): one is Listener & { readonly kind: Kind } => one.kind === kind);

const withDestination = (change: (destination: Destination) => Destination, prefix: string): Mesh => ({
  ...mesh,
  destinations: mesh.destinations.map((one) => (one.host.startsWith(prefix) ? change(one) : one)),
});
const toldOf = (host: string): Mesh => ({
  ...mesh,
  scopes: mesh.scopes.map((scope) => ({ ...scope, hosts: [...new Set([...scope.hosts, host])].sort() })),
});

test("routes and addresses lead to clusters that are told, and to nothing else is a cluster told", () => {
  for (const seed of seeds) {
    const random = randomMesh(seed);
    for (const { config } of native.emit(random.mesh, capturedPlacement(random.graph))) {
      const led = JSON.stringify(config.listeners).matchAll(/"([^"|]+\|[^"|]*\|\d+)"/g);
      expect([...new Set([...led].map(([, name]) => name))].sort()).toEqual(Object.keys(config.clusters));
    }
  }
});

test("no two listeners stand at one address and port", () => {
  for (const seed of seeds) {
    const random = randomMesh(seed);
    for (const placed of [capturedPlacement(random.graph), loopbackPlacement(random.mesh)])
      for (const { config } of native.emit(random.mesh, placed)) {
        const sockets = config.listeners.map(({ address, port }) => `${address} ${port}`);
        expect(new Set(sockets).size).toBe(sockets.length);
      }
  }
});

test("where connections are captured, arrivals are at the copy's own address, the application on this machine alone", () => {
  const [arrivals] = ofKind(told(store), "inbound");
  const { address } = placement.instances[store.id]![0]!;
  expect(arrivals).toMatchObject({
    address,
    port: 5432,
    targetPort: 5432,
    protocol: "tcp",
    application: { address: "127.0.0.1", port: 5432 },
  });
});

test("where nothing is captured, everything is at the ports that the placement gives", () => {
  const placed = loopbackPlacement(mesh);
  const config = told(alpha, mesh, placed);
  const { ports, loopback } = placed.instances[alpha.id]![0]!;
  for (const { targetPort, address, port, application } of ofKind(config, "inbound")) {
    expect([address, port]).toEqual(["127.0.0.1", ports![targetPort]]);
    expect(application).toEqual({ address: "127.0.0.1", port: loopback!.applications[targetPort] });
  }
  for (const { servicePort, address, port, unknownHosts } of ofKind(config, "outbound-http"))
    expect([address, port, unknownHosts]).toEqual(["127.0.0.1", loopback!.services[servicePort], "refuse"]);
});

test("services without HTTP on a port that carries it for others are known by their addresses", () => {
  const host = "store.shop.svc.cluster.local";
  const shared = toldOf(host);
  const [http] = ofKind(told(alpha, shared), "outbound-http");
  const moved: Mesh = {
    ...withDestination(
      (one) => ({ ...one, ports: one.ports.map((port) => ({ ...port, number: http!.servicePort })) }),
      "store.",
    ),
    scopes: shared.scopes,
  };
  const config = told(alpha, moved);
  const both = ofKind(config, "outbound-http").find(({ servicePort }) => servicePort === http!.servicePort);
  expect(both?.byAddress).toEqual({
    [placement.addresses["shop/store"]![0]!]: clusterName({ host, subset: "any", port: http!.servicePort }),
  });
  expect(ofKind(config, "outbound-tcp").map(({ servicePort }) => servicePort)).not.toContain(http!.servicePort);
});

test("two destinations of one address: the first one's, as with names", () => {
  const twin = withDestination((one) => one, "store.");
  const original = twin.destinations.find(({ host }) => host.startsWith("store."))!;
  const doubled: Mesh = {
    ...twin,
    destinations: [...twin.destinations, { ...original, host: "zwin.shop.svc.cluster.local" }],
    scopes: toldOf(original.host).scopes.map((scope) => ({
      ...scope,
      hosts: [...scope.hosts, "zwin.shop.svc.cluster.local"],
    })),
  };
  const headless = { ...placement, addresses: {} };
  const whole = ofKind(told(alpha, doubled, headless), "outbound-tcp").find(({ servicePort }) => servicePort === 5432);
  const [first, second] = placement.instances[store.id]!;
  const name = `${original.host}||5432`;
  expect(whole?.byAddress).toEqual({ [first!.address]: name, [second!.address]: name });
});

test("a port of which nobody says what it speaks is taken all the same, and one that is left alone is not", () => {
  const unsaid: MeshWorkload = { ...store, ports: [] };
  const taken = ofKind(told(unsaid), "inbound");
  expect(taken.map(({ targetPort, protocol }) => [targetPort, protocol])).toEqual([[5432, "tcp"]]);
  const alone: MeshWorkload = { ...store, excludedPorts: { inbound: [5432], outbound: [] } };
  expect(ofKind(told(alone), "inbound")).toEqual([]);
});

test("who is called with mTLS must prove who it is; nobody else is asked", () => {
  for (const mode of ["strict", "disabled"] as const) {
    const all: Mesh = {
      ...mesh,
      mtls: [{ selector: { kind: "mesh" }, mode, origin: { module: "a.ts", path: [] } }],
      destinations: mesh.destinations.map((one) =>
        one.kind === "external"
          ? one
          : { ...one, ports: one.ports.map((port) => ({ ...port, tls: { mode: "mesh" } as const })) },
      ),
    };
    for (const { config } of native.emit(all, placement))
      for (const { endpoints } of Object.values(config.clusters))
        for (const { workload, identity } of endpoints)
          expect(identity).toBe(
            mode === "strict" ? all.workloads.find(({ id }) => id === workload)?.identity : undefined,
          );
  }
});

test("a server outside of the mesh is found by its name or at its addresses, and must have a certificate for its name", () => {
  const partner = mesh.destinations.find(({ kind }) => kind === "external")!;
  const named = toldOf(partner.host);
  const byName: Mesh = {
    ...named,
    destinations: mesh.destinations.map((one) => (one === partner ? { ...one, resolution: "dns" } : one)),
  };
  const name = clusterName({ host: partner.host, subset: "any", port: partner.ports[0]!.number });
  const { clusters } = told(alpha, byName);
  expect(clusters[name]).toEqual({
    resolve: "dns",
    endpoints: [{ address: partner.host, port: partner.ports[0]!.target }],
    originate: { sni: partner.host },
  });
  expect(told(alpha, named).clusters[name]).toMatchObject({
    resolve: "static",
    endpoints: [{ address: "192.0.2.10" }],
  });
});

test("a proxy of IPv6 listens at any of its addresses", () => {
  const six: Placement = { ...placement, instances: { ...placement.instances, [alpha.id]: [{ address: "fd00::1" }] } };
  const addresses = ofKind(told(alpha, mesh, six), "outbound-http").map(({ address }) => address);
  expect(new Set(addresses)).toEqual(new Set(["::"]));
});

test("asking for the proxy of a workload that has none is a bug", () => {
  expect(() => told({ ...alpha, proxy: "none" })).toThrow("has no proxy");
});
