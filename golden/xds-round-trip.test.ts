import fc from "fast-check";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../compiler/pipeline.ts";
import { disagreements, dumpedDisagreements } from "./read-back.ts";
import type { ServiceGraph } from "../lib/graph/graph.ts";
import type { Placement } from "../lib/graph/placement.ts";
import type { Mesh } from "../lib/model/mesh.ts";
import { bootstrap } from "../targets/xds/bootstrap.ts";
import { xds } from "../targets/xds/index.ts";
import { decoded, encoded } from "../targets/xds/proto/codec.ts";
import type { ProxyConfiguration, ProxyResources, Resource, ResourceType } from "../targets/xds/resource.ts";
import { randomMesh } from "./random/mesh.ts";
import { capturedPlacement, loopbackPlacement } from "./random/placement.ts";

interface Placed {
  readonly graph: ServiceGraph;
  readonly mesh: Mesh;
  readonly placement: Placement;
}

type Message = (type: ResourceType, message: object) => object;

const each = (configurations: readonly ProxyConfiguration[], message: Message): readonly ProxyConfiguration[] =>
  configurations.map((configuration) => {
    const of = (type: keyof ProxyResources) =>
      (configuration.resources[type] as readonly Resource<object>[]).map((resource) => ({
        ...resource,
        message: message(type, resource.message),
        origins: [],
      }));
    const resources = {
      cluster: of("cluster"),
      endpoints: of("endpoints"),
      listener: of("listener"),
      routes: of("routes"),
    };
    return { ...configuration, resources };
  });

/** Over the wire and back. */
const throughBytes: Message = (type, message) => decoded(type, encoded(type, message)) as object;

/** As Envoy prints it: fields as they stand in the definitions. */
const printed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(printed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, below]) => [
      // Names of extensions and of types are no fields.
      /[.@]/.test(key)
        ? key
        : key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace("proxy100", "proxy_100"),
      printed(below),
    ]),
  );
};

/** One Envoy's `/config_dump?include_eds`, as far as it matters. */
const dump = ({ resources, workload, instance, platform }: ProxyConfiguration): unknown => {
  const of = (type: keyof ProxyResources) =>
    (resources[type] as readonly Resource<object>[]).map(({ message }) => ({
      "@type": type,
      ...(printed(message) as object),
    }));
  const type = (name: string): string => `type.googleapis.com/envoy.admin.v3.${name}`;
  const started = bootstrap({ workload, instance, platform, adminPort: "none", source: { kind: "files" } });
  return {
    configs: [
      { "@type": type("BootstrapConfigDump"), bootstrap: printed(started) },
      { "@type": type("ClustersConfigDump"), dynamic_active_clusters: of("cluster").map((cluster) => ({ cluster })) },
      {
        "@type": type("EndpointsConfigDump"),
        dynamic_endpoint_configs: of("endpoints").map((endpoint_config) => ({ endpoint_config })),
      },
      {
        "@type": type("ListenersConfigDump"),
        dynamic_listeners: of("listener").map((listener) => ({ active_state: { listener } })),
      },
      {
        "@type": type("RoutesConfigDump"),
        dynamic_route_configs: of("routes").map((route_config) => ({ route_config })),
      },
    ],
  };
};

const captured = (seed: number): Placed => {
  const { graph, mesh } = randomMesh(seed);
  return { graph, mesh, placement: capturedPlacement(graph) };
};

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
/** Every mesh is compared exactly, which takes a third of a second; `npm test -- --nightly` takes the time. */
const runs = process.env["MESHWRIGHT_CASES"] === undefined ? 50 : 300;

describe("what Envoys are told is what the mesh means", () => {
  test("where connections are captured, over the wire", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const placed = captured(seed);
        expect(disagreements(each(xds.emit(placed.mesh, placed.placement), throughBytes), placed)).toEqual([]);
      }),
      { numRuns: runs },
    );
  });

  test("before anything runs: services have addresses, workloads have none", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const placed = captured(seed);
        const early = { ...placed, placement: { ...placed.placement, instances: {} } };
        expect(disagreements(xds.emit(early.mesh, early.placement), early)).toEqual([]);
      }),
      { numRuns: Math.ceil(runs / 6) },
    );
  });

  test("where applications dial explicit ports of their own machine: rules on other ports are then nobody's", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { graph, mesh } = randomMesh(seed);
        const placed = { graph, mesh, placement: loopbackPlacement(mesh) };
        expect(disagreements(xds.emit(mesh, placed.placement), placed)).toEqual([]);
      }),
      { numRuns: Math.ceil(runs / 3) },
    );
  });

  test("as they print it themselves", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const placed = captured(seed);
        const told = xds.emit(placed.mesh, placed.placement);
        expect(dumpedDisagreements(new Map(told.map((one) => [one.workload, dump(one)])), placed)).toEqual([]);
      }),
      { numRuns: Math.ceil(runs / 6) },
    );
  });

  test("of the example, whose graph has a server found by its name", async () => {
    const { value } = await compile(join(import.meta.dirname, "..", "policies", "bookinfo"), {});
    const { graph, mesh } = value!;
    const placed = { graph, mesh, placement: capturedPlacement(graph) };
    expect(disagreements(xds.emit(mesh, placed.placement), placed)).toEqual([]);
  });
});

/** Each fault changes one thing in one place; which proxies' resources it is planted in is their name's first part. */
interface Fault {
  readonly type: keyof ProxyResources;
  readonly plant: (text: string) => string;
  /** Of the plantings, those that change nothing that anybody could tell. */
  readonly harmless?: "some";
}

const faults: Readonly<Record<string, Fault>> = {
  "an authorization filter that is gone": {
    type: "listener",
    plant: (text) =>
      text.replace(
        /\{"name":"envoy\.filters\.http\.rbac\.[a-z]+","typedConfig":.*?\}\}(?=,\{"name":"envoy\.filters\.http\.),/,
        "",
      ),
  },
  "a cluster in another one's place": {
    type: "routes",
    plant: (text) => text.replace(/"cluster":"outbound\|(\d+)\|v1\|/, '"cluster":"outbound|$1|v2|'),
  },
  "an endpoint at another workload's address": {
    type: "endpoints",
    plant: (text) => text.replace(/"address":"10\.244\.0\.(\d+)"/, '"address":"10.244.0.99"'),
  },
  "a copy that is not called": {
    type: "endpoints",
    plant: (text) => text.replace(/"lbEndpoints":\[(\{.*?\}\}\}\}?),(?=\{"endpoint")/, '"lbEndpoints":['),
  },
  "a server that may be somebody else": {
    type: "cluster",
    plant: (text) => text.replace(/(\{"sanType":"URI","matcher":\{"exact":"spiffe:[^"]*)("\}\})/, "$1$2,$1-other$2"),
  },
  "a caller of another trust domain": {
    type: "listener",
    plant: (text) => text.replace(/"prefix":"spiffe:\/\/cluster\.local\/"/, '"prefix":"spiffe://cluster"'),
  },
  "a client without a certificate": {
    type: "listener",
    plant: (text) => text.replace('"requireClientCertificate":true', '"requireClientCertificate":false'),
  },
  "a name that is no longer known": {
    type: "routes",
    plant: (text) => text.replace(/("domains":\["[^"*]+"),"[^"]+"/, "$1"),
  },
  "a timeout": {
    type: "routes",
    plant: (text) => text.replace(/("cluster":"outbound[^"]*","timeout":")\d[\d.]*s"/, '$17s"'),
    harmless: "some",
  },
  "routes in another order": {
    type: "routes",
    plant: (text) => {
      const table = JSON.parse(text) as { virtualHosts: { routes: unknown[] }[] };
      const host = table.virtualHosts.find(({ routes }) => routes.length > 1);
      host?.routes.push(host.routes.shift());
      return JSON.stringify(table);
    },
    harmless: "some",
  },
  "plain text where mTLS is strict": {
    type: "listener",
    plant: (text) => {
      const listener = JSON.parse(text) as {
        filterChains: {
          transportSocket?: unknown;
          filterChainMatch?: { destinationPort?: number; transportProtocol?: string };
        }[];
      };
      const { filterChains } = listener;
      const encrypted = filterChains.find(({ transportSocket }) => transportSocket);
      // All but the one that breaks loops: the workload is strict.
      if (!encrypted || filterChains.filter(({ transportSocket }) => !transportSocket).length > 1) return text;
      const { transportSocket: _socket, ...chain } = encrypted;
      const { destinationPort } = chain.filterChainMatch ?? {};
      filterChains.push({
        ...chain,
        filterChainMatch: { ...(destinationPort && { destinationPort }), transportProtocol: "raw_buffer" },
      });
      return JSON.stringify(listener);
    },
  },
  "paths that are not normalised": {
    type: "listener",
    plant: (text) => text.replace('"normalizePath":true', '"normalizePath":false'),
  },
  "a filter that nobody knows": {
    type: "listener",
    plant: (text) =>
      text.replace(
        '"httpFilters":[',
        '"httpFilters":[{"name":"x","typedConfig":{"@type":"type.googleapis.com/google.protobuf.StringValue","value":"x"}},',
      ),
  },
  "a redirect": {
    type: "routes",
    plant: (text) =>
      text.replace(
        /"route":\{"cluster":"outbound[^{}]*(\{[^{}]*(\{[^{}]*(\{[^{}]*\}[^{}]*)*\}[^{}]*)*\})?[^{}]*\}/,
        '"redirect":{"hostRedirect":"elsewhere.example"}',
      ),
  },
};

const plantings = Object.entries(faults).flatMap(([name, fault]) =>
  (["once", "in every resource"] as const).map((where) => [name, where, fault] as const),
);

/** Everywhere: all proxies then agree with each other, and not with the mesh. */
test.each(plantings)("the round trip notices %s, planted %s", (_, where, { type, plant, harmless }) => {
  const noticed: boolean[] = [];
  for (let seed = 1; seed <= 60 && noticed.length < 15; seed += 1) {
    const placed = captured(seed);
    const told = xds.emit(placed.mesh, placed.placement);
    let isPlanted = false;
    const faulty = each(told, (of, message) => {
      const text = JSON.stringify(message);
      const isDone = where === "once" && isPlanted;
      const planted = isDone || of !== type ? text : plant(text);
      isPlanted ||= planted !== text;
      return JSON.parse(planted) as object;
    });
    if (isPlanted) noticed.push(disagreements(faulty, placed).length > 0);
  }
  expect(noticed.length).toBeGreaterThan(5);
  // Routes of which no request takes both have no order, and nobody waits for what is always refused.
  expect(noticed.filter(Boolean).length / noticed.length).toBeGreaterThanOrEqual(harmless === "some" ? 0.9 : 1);
});
