import { expect, test } from "vitest";
import { defaultPlatform } from "../../../lib/graph/platform.ts";
import { dumpedAddress, dumpedConfiguration } from "./dump.ts";

const options = { workload: "shop/alpha", platform: defaultPlatform };
const meaning = { "envoy.reloadable_features.http_reject_path_with_fragment": false };

const dumped = (clusters: readonly object[], more: object = {}, layer: object = meaning) => ({
  configs: [
    {
      "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump",
      bootstrap: {
        node: { id: "sidecar~10.244.0.7~alpha-1.shop~shop.svc.cluster.local" },
        layered_runtime: { layers: [{ name: "global config", static_layer: layer }] },
      },
    },
    {
      "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump",
      dynamic_active_clusters: clusters.map((cluster) => ({ cluster })),
      ...more,
    },
    { "@type": "type.googleapis.com/envoy.admin.v3.EndpointsConfigDump" },
    {
      "@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump",
      dynamic_listeners: [{ name: "refused", error_state: { details: "no" } }],
    },
    { "@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump" },
  ],
});

const type = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

test("what is in force is taken, in the canonical spelling; what still warms, or was refused, is not", () => {
  const warming = { dynamic_warming_clusters: [{ cluster: { "@type": type, name: "later" } }] };
  const { value, diagnostics } = dumpedConfiguration(
    dumped([{ "@type": type, name: "a", connect_timeout: "10s", alt_stat_name: "a;" }], warming),
    options,
  );
  expect(diagnostics).toEqual([]);
  expect(value?.resources).toEqual({
    cluster: [{ name: "a", message: { name: "a", connectTimeout: "10s", altStatName: "a;" }, origins: [] }],
    endpoints: [],
    listener: [],
    routes: [],
  });
});

test("what a rig put there for itself is left out by its name", () => {
  const isForeign = (name: string): boolean => name.startsWith("rig-");
  const { value } = dumpedConfiguration(dumped([{ "@type": type, name: "rig-settled-2" }]), { ...options, isForeign });
  expect(value?.resources.cluster).toEqual([]);
});

test("a field that nobody knows is reported, for it may mean something", () => {
  const { value, diagnostics } = dumpedConfiguration(dumped([{ "@type": type, name: "a", later: true }]), options);
  expect(value).toBeUndefined();
  expect(diagnostics.map(({ code }) => code)).toEqual(["MESH5003"]);
  expect(diagnostics[0]?.message).toContain("shop/alpha cluster a says something at `: ");
});

test("a proxy that refuses fragments, where decide drops them, is reported", () => {
  const { diagnostics } = dumpedConfiguration(dumped([], {}, {}), options);
  expect(diagnostics.map(({ message }) => message)).toEqual([
    "shop/alpha bootstrap says something at `/layered_runtime` that a mesh cannot hold yet",
  ]);
});

test("where a proxy runs stands in its name", () => {
  expect(dumpedAddress(dumped([]))).toBe("10.244.0.7");
});
