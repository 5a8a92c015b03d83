import fc from "fast-check";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile, placementOf } from "../compiler/pipeline.ts";
import type { ServiceGraph } from "../lib/graph/graph.ts";
import type { Placement } from "../lib/graph/placement.ts";
import type { Mesh } from "../lib/model/mesh.ts";
import type { Diagram, DiagramNode, Inbound, Listener, ProxyConfig } from "../targets/native/config.ts";
import { configViolations } from "../targets/native/config-shape.ts";
import { native } from "../targets/native/index.ts";
import type { InstanceConfig } from "../targets/native/instance-config.ts";
import { read } from "../targets/native/read/index.ts";
import { sayable } from "../targets/native/read/sayable.ts";
import { randomMesh } from "./random/mesh.ts";
import { capturedPlacement, loopbackPlacement } from "./random/placement.ts";
import { random } from "./random/random.ts";
import { differencesInWords } from "./read-back.ts";

interface Placed {
  readonly graph: ServiceGraph;
  readonly mesh: Mesh;
  readonly placement: Placement;
}

/** What is not understood, or is decided otherwise than the mesh has it; none: proxies do what the mesh means. */
const disagreements = (configs: readonly InstanceConfig[], { graph, mesh, placement }: Placed): readonly string[] => {
  const { value, diagnostics } = read(configs, { graph, platform: mesh.platform, placement });
  return value === undefined
    ? diagnostics.map(({ message }) => message)
    : differencesInWords(sayable(mesh, placement), value);
};

const each = (
  configs: readonly InstanceConfig[],
  change: (config: ProxyConfig) => ProxyConfig,
): readonly InstanceConfig[] => configs.map((one) => ({ ...one, config: change(one.config) }));

/** As files, and back. */
const throughBytes = (config: ProxyConfig): ProxyConfig => JSON.parse(JSON.stringify(config)) as ProxyConfig;

const captured = (seed: number): Placed => {
  const { graph, mesh } = randomMesh(seed);
  return { graph, mesh, placement: capturedPlacement(graph) };
};

/** Some of it runs nowhere. */
const thinned = (seed: number): Placed => {
  const { graph, mesh, placement } = captured(seed);
  const choices = random(seed);
  const instances = Object.fromEntries(Object.entries(placement.instances).filter(() => choices.chance(70)));
  return { graph, mesh, placement: { ...placement, instances } };
};

const loopback = (seed: number): Placed => {
  const { graph, mesh } = randomMesh(seed);
  return { graph, mesh, placement: loopbackPlacement(mesh) };
};

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
/** Every mesh is compared exactly, which takes a third of a second; `npm test -- --nightly` takes the time. */
const runs = process.env["MESHWRIGHT_CASES"] === undefined ? 50 : 300;

describe("what proxies are told is what the mesh means", () => {
  test.each([
    ["where connections are captured", captured, runs],
    ["where some of it runs nowhere: nobody is told anything of it", thinned, Math.ceil(runs / 3)],
    ["where applications dial explicit ports of their own machine", loopback, Math.ceil(runs / 3)],
  ] as const)("%s", (_, placedOf, numRuns) => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const placed = placedOf(seed);
        const told = each(native.emit(placed.mesh, placed.placement), throughBytes);
        expect(disagreements(told, placed)).toEqual([]);
      }),
      { numRuns },
    );
  });

  test.each(["bookinfo", "greeter"])("of the example %s", async (name) => {
    const folder = join(import.meta.dirname, "..", "policies", name);
    const { value } = await compile(folder, {});
    const { graph, mesh } = value!;
    const own = (await placementOf(folder, value!)).value;
    const isPlaced = Object.keys(own?.instances ?? {}).length > 0;
    const placed = { graph, mesh, placement: isPlaced ? own! : capturedPlacement(graph) };
    const told = native.emit(mesh, placed.placement);
    expect(told.length).toBeGreaterThan(2);
    expect(disagreements(told, placed)).toEqual([]);
  });
});

test("everything that is told has the published shape, and refers to what is there", () => {
  for (let seed = 1; seed <= 40; seed += 1)
    for (const { mesh, placement } of [captured(seed), loopback(seed)])
      for (const { config } of native.emit(mesh, placement)) expect(configViolations(throughBytes(config))).toEqual([]);
});

test("equal meshes have equal bytes", () => {
  const [a, b] = [captured(7), captured(7)].map(({ mesh, placement }) => native.files(native.emit(mesh, placement)));
  expect(a).toEqual(b);
});

/** Each fault changes one thing in one place of a configuration. */
interface Fault {
  readonly plant: (text: string) => string;
  /** Of the plantings, those that change nothing that anybody could tell. */
  readonly harmless?: "some";
}

type Open<T> = { -readonly [K in keyof T]: Open<T[K]> };

const edited =
  (edit: (config: Open<ProxyConfig>) => void): Fault["plant"] =>
  (text) => {
    const config = JSON.parse(text) as Open<ProxyConfig>;
    edit(config);
    return JSON.stringify(config);
  };

const arrivals = (listeners: readonly Open<Listener>[]): readonly Open<Inbound>[] =>
  listeners.filter((listener) => listener.kind === "inbound");

const nobody: DiagramNode = { connection: false, otherMethods: false, methods: {} };
const isNothing = ({ nodes }: Diagram): boolean =>
  nodes.every((node) => JSON.stringify(node) === JSON.stringify(nobody));
const hasNames = (diagram: Diagram | undefined): boolean => Object.keys(diagram?.exact ?? {}).length > 0;

const faults: Readonly<Record<string, Fault>> = {
  "a denial that is gone": {
    plant: edited(({ listeners }) => {
      const isAsked = ({ access: { deny, allow } }: Open<Inbound>) => !allow && !isNothing(deny);
      for (const node of arrivals(listeners).find(isAsked)?.access.deny.nodes ?? []) Object.assign(node, nobody);
    }),
    harmless: "some",
  },
  "an allowance that is gone: everybody may": {
    plant: edited(({ listeners }) => {
      delete arrivals(listeners).find(({ access }) => access.allow)?.access.allow;
    }),
    harmless: "some",
  },
  "somebody else who may": {
    plant: edited(({ listeners }) => {
      const isTold = ({ access: { allow }, mtls }: Open<Inbound>) => mtls === "strict" && hasNames(allow);
      const allow = arrivals(listeners).find(isTold)?.access.allow;
      if (allow)
        allow.exact = Object.fromEntries(Object.entries(allow.exact).map(([id, node]) => [`${id}-other`, node]));
    }),
    harmless: "some",
  },
  "somebody who is named and may less than who is not": {
    plant: edited(({ listeners }) => {
      const access = arrivals(listeners).find(({ access: { allow } }) => allow && !isNothing(allow))?.access;
      if (access?.allow) {
        access.allow.exact["spiffe://cluster.local/ns/shop/sa/beta"] = access.allow.nodes.length;
        access.allow.authenticated = access.allow.nodes.findIndex(
          (node) => JSON.stringify(node) !== JSON.stringify(nobody),
        );
        access.allow.nodes.push({ connection: false, otherMethods: false, methods: {} });
      }
    }),
  },
  "a path of which nothing is said any more": {
    plant: (text) => text.replace(/("connection":false[^]*?"next":\{"\/)(\w)/, "$1x$2"),
    harmless: "some",
  },
  "a cluster in another one's place": {
    plant: (text) => text.replace(/"cluster":"([^"|]+)\|v1\|/, '"cluster":"$1|v2|'),
  },
  "an endpoint at another workload's address": {
    plant: (text) => text.replace(/("endpoints":\[\{"address":")10\.244\.0\.\d+"/, '$110.244.0.99"'),
  },
  "a copy that is not called": {
    plant: (text) => text.replace(/"endpoints":\[\{"address":"10[^{}]*\},(?=\{)/, '"endpoints":['),
  },
  "a server that may be somebody else": {
    plant: (text) => text.replace(/("workload":"[^"]*","identity":"spiffe:\/\/[^"]*)"/, '$1-other"'),
  },
  "plain text to somebody who takes mTLS": {
    plant: (text) => text.replace(/("workload":"[^"]*"),"identity":"spiffe:\/\/[^"]*"/, "$1"),
  },
  "a name that is no longer known": {
    plant: edited(({ listeners }) => {
      const exact = listeners.find((listener) => listener.kind === "outbound-http")?.hosts.exact;
      if (exact) delete exact[Object.keys(exact).at(-1)!];
    }),
  },
  "a timeout": {
    plant: (text) => text.replace(/"timeout":(\d+|"none")/, '"timeout":7000'),
    harmless: "some",
  },
  "a share": { plant: (text) => text.replace(/"upTo":(\d+)(?=,"cluster":"[^"]*"\},\{)/, '"upTo":7'), harmless: "some" },
  "routes in another order": {
    plant: (text) =>
      text.replace(
        /\{"route":0,("headers":\[[^\]]+\])\},\{"route":1,("headers":\[[^\]]*\])\}/,
        '{"route":1,$2},{"route":0,$1}',
      ),
  },
  "a prefix that is the path alone": {
    plant: (text) => text.replace(/"under":(\[\{"route":1,"headers":\[\]\}\])(?=,"next"|\})/, '"under":[],"exact":$1'),
    harmless: "some",
  },
  "plain text where mTLS is strict": { plant: (text) => text.replace('"mtls":"strict"', '"mtls":"permissive"') },
  "paths that are not normalised": {
    plant: (text) => text.replace('"pathNormalization":"base"', '"pathNormalization":"none"'),
  },
  "another trust domain": { plant: (text) => text.replace(/"trustDomain":"[^"]*"/, '"trustDomain":"elsewhere"') },
  "an application at another port": {
    plant: (text) => text.replace(/("application":\{"address":"127\.0\.0\.1","port":)\d+/, "$19"),
  },
  "arrivals on another port": { plant: (text) => text.replace(/"targetPort":\d+/, '"targetPort":9') },
  "requests that are not read": {
    plant: (text) => text.replace('"protocol":"http"', '"protocol":"tcp"'),
  },
  "unknown hosts that are passed on, or no longer are": {
    plant: (text) =>
      text.replace(/"unknownHosts":"(pass|refuse)"/, (_, said) =>
        said === "pass" ? '"unknownHosts":"refuse"' : '"unknownHosts":"pass"',
      ),
  },
  "a port that listens to the whole network": {
    plant: (text) =>
      text.replace('"kind":"outbound-http","address":"0.0.0.0"', '"kind":"outbound-http","address":"::"'),
  },
  "something that nobody knows": { plant: (text) => text.replace('"listeners":', '"redirects":[],"listeners":') },
};

const plantings = Object.entries(faults).flatMap(([name, fault]) =>
  (["once", "in every proxy"] as const).map((where) => [name, where, fault] as const),
);

/** Everywhere: all proxies then agree with each other, and not with the mesh. */
test.each(plantings)("the round trip notices %s, planted %s", (_, where, { plant, harmless }) => {
  const noticed: boolean[] = [];
  for (let seed = 1; seed <= 200 && noticed.length < 15; seed += 1) {
    const placed = captured(seed);
    const told = native.emit(placed.mesh, placed.placement);
    let isPlanted = false;
    const faulty = each(told, (config) => {
      const text = JSON.stringify(config);
      const planted = where === "once" && isPlanted ? text : plant(text);
      isPlanted ||= planted !== text;
      return JSON.parse(planted) as ProxyConfig;
    });
    if (isPlanted) noticed.push(disagreements(faulty, placed).length > 0);
  }
  expect(noticed.length).toBeGreaterThan(5);
  // Whose calls are refused anyway is not asked further, and an allowance for everybody is none.
  expect(noticed.filter(Boolean).length / noticed.length).toBeGreaterThanOrEqual(harmless === "some" ? 0.8 : 1);
});
