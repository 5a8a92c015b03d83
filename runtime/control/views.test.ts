import { expect, test } from "vitest";
import { capturedPlacement } from "../../golden/random/placement.ts";
import { randomMesh } from "../../golden/random/mesh.ts";
import type { Placement } from "../../lib/graph/placement.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { Route } from "../../lib/model/route.ts";
import { resourceTypes } from "../../targets/xds/resource.ts";
import { views, type Revision, type Told, type Views } from "./views.ts";

const settings = { accessLog: "none" } as const;
const proxied = ({ workloads }: Mesh) => workloads.filter(({ proxy }) => proxy !== "none");
const told = (of: Views, mesh: Mesh): readonly (readonly [string, Told | undefined])[] =>
  proxied(mesh).map(({ id }) => [id, of.of({ workload: id, instance: 0, kind: "envoy" })]);
/** What is told, without the objects that it is told with. */
const content = (of: Views, mesh: Mesh): unknown =>
  told(of, mesh).map(([id, view]) => [
    id,
    resourceTypes.map((type) =>
      view === undefined || type === "secret"
        ? []
        : [...view[type].values()].map(({ name, version, origins }) => [name, version, origins]),
    ),
  ]);

type Change = (revision: Revision, index: number) => Revision;
const at = <T>(list: readonly T[], index: number, change: (one: T) => T): readonly T[] =>
  list.map((one, position) => (position === index % list.length ? change(one) : one));
const withMesh =
  (change: (mesh: Mesh, index: number) => Partial<Mesh>): Change =>
  (revision, index) => ({
    ...revision,
    mesh: { ...revision.mesh, ...change(revision.mesh, index) },
  });
const withPlacement =
  (change: (placement: Placement, index: number) => Partial<Placement>): Change =>
  (revision, index) => ({ ...revision, placement: { ...revision.placement, ...change(revision.placement, index) } });

/** Every way in which a revision can differ from the one before; all that does not change is the very same object. */
const changes: Readonly<Record<string, Change>> = {
  "a route's time limit": withMesh(({ destinations }, index) => ({
    destinations: at(destinations, index, (destination) => ({
      ...destination,
      ports: destination.ports.map((port) => ({
        ...port,
        routes: port.routes.map((route): Route => ({ ...route, timeout: 1234 })),
      })),
    })),
  })),
  "a destination that is gone": withMesh(({ destinations }, index) => ({
    destinations: destinations.filter((_, position) => position !== index % destinations.length),
  })),
  "a rule about who may": withMesh(({ authorizations }, index) => ({
    authorizations: authorizations.filter((_, position) => position !== index % Math.max(1, authorizations.length)),
  })),
  "who a rule is about": withMesh(({ authorizations }) => ({
    authorizations: authorizations.map((one) => ({
      ...one,
      rules: one.rules.map((rule) => ({ ...rule, methods: ["PATCH"] })),
    })),
  })),
  "an mTLS mode": withMesh(({ mtls }, index) => ({
    mtls: at(mtls, index, (rule) => ({ ...rule, mode: rule.mode === "strict" ? "disabled" : "strict" })),
  })),
  "a scope": withMesh(({ scopes }, index) => ({
    scopes: at(scopes, index, (scope) => ({ ...scope, hosts: scope.hosts.slice(1) })),
  })),
  "a gateway's hosts": withMesh(({ gateways }) => ({
    gateways: gateways.map((gateway) => ({
      ...gateway,
      listeners: gateway.listeners.map((listener) => ({ ...listener, virtualHosts: listener.virtualHosts.slice(1) })),
    })),
  })),
  "what a workload's port speaks": withMesh(({ workloads }, index) => ({
    workloads: at(workloads, index, (workload) => ({
      ...workload,
      ports: workload.ports.map((port) => ({ ...port, protocol: "tcp" as const })),
    })),
  })),
  "what happens to unknown calls": withMesh(({ platform }) => ({
    platform: { ...platform, outbound: platform.outbound === "allow-any" ? "registry-only" : "allow-any" },
  })),
  "how paths are read": withMesh(({ platform }) => ({
    platform: { ...platform, pathNormalization: "decode-and-merge-slashes" },
  })),
  "an instance's address": withPlacement(({ instances }, index) => {
    const ids = Object.keys(instances);
    return { instances: { ...instances, [ids[index % ids.length]!]: [{ address: "10.99.0.1" }] } };
  }),
  "a service's address": withPlacement(({ addresses }, index) => {
    const ids = Object.keys(addresses);
    return { addresses: { ...addresses, [ids[index % ids.length]!]: ["10.98.0.1"] } };
  }),
  nothing: (revision) => ({ ...revision, mesh: { ...revision.mesh } }),
};

test("what goes on with the revision before tells what starts anew would", () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const { graph, mesh } = randomMesh(seed);
    let revision: Revision = { mesh, placement: capturedPlacement(graph) };
    let going = views(revision, settings);
    content(going, mesh);
    for (const [name, change] of Object.entries(changes)) {
      revision = change(revision, seed);
      going = going.next(revision);
      expect(content(going, revision.mesh), `seed ${seed}: ${name}`).toEqual(
        content(views(revision, settings), revision.mesh),
      );
    }
  }
});

test("who is not concerned by a change has the very maps of before", () => {
  const { graph, mesh } = randomMesh(3);
  const before: Revision = { mesh, placement: capturedPlacement(graph) };
  const first = views(before, settings);
  const old = new Map(told(first, mesh));
  const host = "store.shop.svc.cluster.local";
  const after: Revision = {
    ...before,
    mesh: { ...mesh, destinations: mesh.destinations.map((one) => (one.host === host ? { ...one } : one)) },
  };
  const next = first.next(after);
  for (const [id, view] of told(next, after.mesh)) {
    const scope = mesh.scopes.find(({ selector }) => selector.workloads.includes(id));
    const gateway = mesh.gateways.some(({ workload }) => workload === id);
    if (gateway || scope === undefined || scope.hosts.includes(host)) continue;
    for (const type of ["cluster", "endpoints", "listener", "routes"] as const)
      expect(view![type], `${id} ${type}`).toBe(old.get(id)![type]);
  }
});
