import { describe, expect, test } from "vitest";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import { defaultPlatform, type Platform } from "../../lib/graph/platform.ts";
import { istioObject, type KubernetesObject } from "../../targets/istio/object.ts";
import { applied, stateOf } from "./change.ts";
import { rolloutPlan } from "./plan.ts";

const names = ["shop", "cart", "stock"];

/** Three services in one namespace, each with one workload. */
const graph: ServiceGraph = {
  namespaces: [{ name: "shop", labels: {} }],
  services: names.map((name) => ({
    namespace: "shop",
    name,
    kind: "cluster",
    ports: [{ number: 80, name: "http", protocol: "http", target: 8080 }],
    selector: { app: name },
    workloads: [`shop/${name}`],
    subsets: [],
    source: "shop.yaml",
  })),
  workloads: names.map((name) => ({
    namespace: "shop",
    name,
    kind: "Deployment",
    labels: { app: name },
    serviceAccount: name,
    ports: [{ number: 8080, name: "http" }],
    proxy: "sidecar",
    excludedPorts: { inbound: [], outbound: [] },
    source: "shop.yaml",
  })),
};

const scope = (...imports: readonly string[]): KubernetesObject =>
  istioObject("Sidecar", "shop", "shop", {
    workloadSelector: { labels: { app: "shop" } },
    egress: [{ hosts: imports.map((name) => `shop/${name}`) }],
  });
const host = (name: string): string => `${name}.shop.svc.cluster.local`;
const kept = "rollout.shop.meshwright.invalid";

const partner = {
  entry: istioObject("ServiceEntry", "shop", "partner", {
    hosts: ["api.example"],
    location: "MESH_EXTERNAL",
    resolution: "DNS",
    ports: [{ number: 80, name: "http", protocol: "HTTP", targetPort: 443 }],
  }),
  rule: istioObject("DestinationRule", "shop", "partner", {
    host: "api.example",
    trafficPolicy: { tls: { mode: "SIMPLE", sni: "api.example", caCertificates: "system" } },
  }),
};

const anything: Platform = { ...defaultPlatform, outbound: "allow-any" };

const steps = (
  before: readonly KubernetesObject[],
  after: readonly KubernetesObject[],
  platform: Platform = anything,
) => {
  const { value: plan } = rolloutPlan(before, after, { graph, platform });
  if (plan?.kind !== "safe") throw new Error(JSON.stringify(plan));
  return plan.steps;
};

/** What each step leaves: `shop` imports what, and whether there is a keeper. */
const shown = (...[before, after, platform]: Parameters<typeof steps>): readonly string[] => {
  let state = stateOf(before);
  return steps(before, after, platform).map(({ phase, writes }) => {
    state = applied(state, writes);
    const { egress } = (state.get("Sidecar shop/shop")?.spec ?? { egress: [] }) as {
      readonly egress: readonly { readonly hosts: readonly string[] }[];
    };
    const imports = egress.flatMap(({ hosts }) => hosts.map((one) => one.replace("shop/", "").split(".")[0]));
    return `${phase}: ${imports.join(" ")}${state.has("VirtualService shop/rollout.keeper") ? ", kept" : ""}`;
  });
};

describe("where anything may be called", () => {
  test("what comes into a scope is loaded before", () => {
    const [one, two] = [scope(host("cart")), scope(host("cart"), host("stock"))];
    expect(shown([one], [two])).toEqual([
      "prepare: cart rollout, kept",
      "expand: cart stock, kept",
      "finish: cart stock",
    ]);
    const [{ writes } = { writes: [] }] = steps([one], [two]);
    expect(writes.find(({ kind }) => kind === "VirtualService")?.after?.spec).toEqual({
      hosts: [kept],
      http: [
        {
          fault: { abort: { httpStatus: 404, percentage: { value: 100 } } },
          route: [{ destination: { host: host("stock") }, weight: 1 }],
        },
      ],
    });
  });

  test("what leaves a scope stays loaded until nothing leads to it", () => {
    expect(shown([scope(host("cart"), host("stock"))], [scope(host("cart"))])).toEqual([
      "prepare: cart stock, kept",
      "contract: cart rollout, kept",
      "finish: cart",
    ]);
  });

  test("no scope is one of everything", () => {
    expect(shown([], [scope(host("cart"))])).toEqual([
      "prepare: , kept",
      "contract: cart rollout, kept",
      "finish: cart",
    ]);
    expect(shown([scope(host("cart"))], [])).toEqual(["prepare: cart rollout, kept", "expand: , kept", "finish: "]);
  });

  test("hosts in another order are one write", () => {
    const [one, two] = [scope(host("cart"), host("stock")), scope(host("stock"), host("cart"))];
    expect(shown([one], [two])).toEqual(["expand: stock cart"]);
  });

  test("what an unfinished rollout left goes, and what it kept stays loaded meanwhile", () => {
    const [one, two] = [scope(host("cart")), scope(host("cart"), host("stock"))];
    const begun = [...applied(stateOf([one]), steps([one], [two])[0]!.writes).values()];
    expect(shown(begun, [two])).toEqual(["expand: cart stock, kept", "finish: cart stock"]);
    expect(shown(begun, [one])).toEqual(["expand: cart, kept", "finish: cart"]);
    const shrunk = [
      ...applied(
        stateOf([two]),
        steps([two], [one])
          .slice(0, 2)
          .flatMap(({ writes }) => writes),
      ).values(),
    ];
    expect(shown(shrunk, [one])).toEqual(["expand: cart, kept", "finish: cart"]);
  });
});

test("where only what is known may be called, nobody calls what is out of scope", () => {
  const registryOnly: Platform = { ...anything, outbound: "registry-only" };
  expect(shown([scope(host("cart"))], [scope(host("stock"))], registryOnly)).toEqual([
    "expand: stock cart",
    "contract: stock",
  ]);
});

test("an external host is known for less long than how it is called", () => {
  const order = (before: readonly KubernetesObject[], after: readonly KubernetesObject[]): readonly string[] =>
    steps(before, after).flatMap(({ phase, writes }) => writes.map(({ kind }) => `${phase}: ${kind}`));
  const both = [partner.entry, partner.rule];
  expect(order([], both)).toEqual(["prepare: DestinationRule", "declare: ServiceEntry"]);
  expect(order(both, [])).toEqual(["withdraw: ServiceEntry", "finish: DestinationRule"]);
});
