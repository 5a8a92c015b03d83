import fc from "fast-check";
import { expect, test } from "vitest";
import type { Mesh } from "../lib/model/mesh.ts";
import type { HeaderMatch } from "../lib/model/route.ts";
import { normalForm } from "../lib/model/normal-form.ts";
import { istio } from "../targets/istio/index.ts";
import type { KubernetesObject } from "../targets/istio/object.ts";
import { schemaViolations } from "../targets/istio/schema/schema-violations.ts";
import { randomMesh } from "./random/mesh.ts";
import { randomPair } from "./random/pair.ts";

const read = await istio.reader();

/**
 * Everything that Istio does not act on is taken away or made meaningless: labels, annotations, names of objects and of
 * rules, and the order of objects. What survives can only have come through fields that mean something.
 */
const stripped = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] => {
  const gateways = new Map(
    objects
      .filter(({ kind }) => kind === "Gateway")
      .map(({ metadata }, index) => [`${metadata.namespace}/${metadata.name}`, `${metadata.namespace}/g${index}`]),
  );
  const bare = objects.map((object, index): KubernetesObject => {
    const { namespace, name } = object.metadata;
    const renamed = gateways.get(`${namespace}/${name}`)?.split("/")[1];
    const spec = JSON.parse(JSON.stringify(object.spec)) as { gateways?: string[]; http?: { name?: string }[] };
    for (const route of spec.http ?? []) delete route.name;
    if (spec.gateways) spec.gateways = spec.gateways.map((gateway) => gateways.get(gateway) ?? gateway);
    return {
      ...object,
      metadata: { namespace, name: object.kind === "Gateway" && renamed ? renamed : `o${index}` },
      spec: spec,
    };
  });
  return bare.reverse();
};

const plain = (mesh: Mesh | undefined): unknown => mesh && JSON.parse(JSON.stringify(normalForm(mesh)));

test("what Istio reads in our objects is what the mesh means, whatever they are called", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const { mesh, graph, platform, diagnostics } = randomMesh(seed);
      expect(diagnostics).toEqual([]);
      const back = read(stripped(istio.emit(mesh)), { graph, platform });
      expect(back.diagnostics).toEqual([]);
      expect(plain(back.value)).toEqual(plain(mesh));
    }),
    { numRuns: 300 },
  );
});

test("every object that we write is accepted by its kind's closed schema and rules", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    for (const object of istio.emit(randomMesh(seed).mesh))
      expect(schemaViolations(object), `seed ${seed}, ${object.kind} ${object.metadata.name}`).toEqual([]);
  }
});

test("an ingress host without a route that acts is known to its gateway, by a rule without which Istio takes it", () => {
  let without = 0;
  for (let seed = 1; seed <= 30; seed += 1) {
    const { mesh, graph, platform } = randomPair(seed, "same").after;
    const objects = istio.emit(mesh);
    const rules = objects.filter(({ kind }) => kind === "VirtualService");
    expect(
      rules.every(({ spec }) => (spec["http"] as readonly unknown[]).length > 0),
      `seed ${seed}`,
    ).toBe(true);
    const silent = mesh.gateways.some(({ listeners }) =>
      listeners.some(({ virtualHosts }) => virtualHosts.some(({ routes }) => routes.length === 0)),
    );
    if (!silent) continue;
    without += 1;
    const { value } = read(objects, { graph, platform });
    expect(normalForm(value!), `seed ${seed}`).toEqual(normalForm(mesh));
  }
  expect(without).toBeGreaterThan(0);
});

test("several exclusions of one header, as an ingress inherits them from a service, are all said", () => {
  const { mesh, graph, platform } = randomMesh(1);
  const headers = (["x-1 a", "x-1 b", "x-user a", "x-user b", "x-user c"] as const).map((header): HeaderMatch => {
    const [name = "", value = ""] = header.split(" ");
    return { name, kind: "not-exact", value };
  });
  const excluding: Mesh = {
    ...mesh,
    destinations: mesh.destinations.map((destination) => ({
      ...destination,
      ports: destination.ports.map((port) => ({
        ...port,
        routes: port.routes.flatMap((route, index) =>
          index > 0 ? [route] : [{ ...route, matches: [{ path: { kind: "exact", value: "/x" }, headers }] }, route],
        ),
      })),
    })),
  };
  const objects = istio.emit(excluding);
  expect(JSON.stringify(objects)).toContain(
    '"withoutHeaders":{"x-1":{"exact":"a"},"X-1":{"exact":"b"},"x-user":{"exact":"a"},"X-user":{"exact":"b"},"x-User":{"exact":"c"}}',
  );
  expect(plain(read(stripped(objects), { graph, platform }).value)).toEqual(plain(excluding));
});

test("no two objects share a kind, namespace and name", () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const names = istio
      .emit(randomMesh(seed).mesh)
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  }
});

test("reading refuses a field that a mesh cannot hold, by name", () => {
  const { mesh, graph, platform } = randomMesh(1);
  const foreign: KubernetesObject = {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: "x", namespace: "shop" },
    spec: {
      hosts: ["alpha.shop.svc.cluster.local"],
      http: [
        {
          fault: { abort: { httpStatus: 500, percentage: { value: 100 } } },
          route: [{ destination: { host: "alpha.shop.svc.cluster.local" } }],
        },
      ],
    },
  };
  const back = read([...istio.emit(mesh).filter(({ kind }) => kind !== "VirtualService"), foreign], {
    graph,
    platform,
  });
  expect(back.value).toBeUndefined();
  expect(back.diagnostics.map(({ code, message }) => [code, message])).toEqual([
    ["MESH5003", "VirtualService shop/x says something at `/spec/http/0/fault` that a mesh cannot hold yet"],
  ]);
});

/** Each fault changes one thing that matters; a round trip that did not notice would prove nothing. */
const faults: readonly (readonly [string, (objects: readonly KubernetesObject[]) => readonly KubernetesObject[]])[] = [
  [
    "a DENY turned into an ALLOW",
    (objects) => edited(objects, "AuthorizationPolicy", (text) => text.replace('"DENY"', '"ALLOW"')),
  ],
  [
    "a prefix turned into an exact path",
    (objects) => edited(objects, "VirtualService", (text) => text.replace('{"prefix":', '{"exact":')),
  ],
  [
    "a weight changed",
    (objects) =>
      edited(objects, "VirtualService", (text) =>
        text.replace('"weight":90', '"weight":89').replace('"weight":10', '"weight":11'),
      ),
  ],
  [
    "an exclusion that is asked for",
    (objects) => edited(objects, "VirtualService", (text) => text.replace('"withoutHeaders":', '"headers":')),
  ],
  [
    "another body of a route's own response",
    (objects) => edited(objects, "VirtualService", (text) => text.replace('"string":"back', '"string":"out')),
  ],
  [
    "a removed header kept",
    (objects) => edited(objects, "VirtualService", (text) => text.replace(/"remove":\["x-canary"\]/, '"remove":[]')),
  ],
  [
    "a scope without one host",
    (objects) => edited(objects, "Sidecar", (text) => text.replace(/"bank\/gamma[^"]*"/, '"~/*"')),
  ],
  [
    "strict made permissive",
    (objects) => edited(objects, "PeerAuthentication", (text) => text.replace('"STRICT"', '"PERMISSIVE"')),
  ],
  [
    "callers that are not told to use mTLS",
    (objects) =>
      edited(objects, "DestinationRule", (text) =>
        text.replace(/"trafficPolicy":\{"tls":\{"mode":"ISTIO_MUTUAL"\}\},?/, "").replace(",}", "}"),
      ),
  ],
];

const edited = (
  objects: readonly KubernetesObject[],
  kind: string,
  edit: (text: string) => string,
): readonly KubernetesObject[] =>
  objects.map((object) =>
    object.kind === kind ? (JSON.parse(edit(JSON.stringify(object))) as KubernetesObject) : object,
  );

test.each(faults)("the round trip notices %s", (_, fault) => {
  const noticed: boolean[] = [];
  for (let seed = 1; seed <= 100; seed += 1) {
    const { mesh, graph, platform } = randomMesh(seed);
    const objects = istio.emit(mesh);
    const faulty = fault(objects);
    if (JSON.stringify(faulty) === JSON.stringify(objects)) continue;
    noticed.push(JSON.stringify(plain(read(faulty, { graph, platform }).value)) !== JSON.stringify(plain(mesh)));
  }
  // A namespace's mode means nothing where each of its workloads has one of its own.
  expect(noticed.length).toBeGreaterThan(5);
  expect(noticed.filter(Boolean).length / noticed.length).toBeGreaterThan(0.9);
});
