import { diagnostic } from "../../../lib/diagnostics/catalog.ts";
import type { Diagnostic, Staged } from "../../../lib/diagnostics/diagnostic.ts";
import type { WorkloadId } from "../../../lib/graph/graph.ts";
import type { Platform } from "../../../lib/graph/platform.ts";
import { canonical } from "../proto/codec.ts";
import type { ProxyConfiguration, ProxyResources, Resource } from "../resource.ts";

export interface DumpOptions {
  readonly workload: WorkloadId;
  readonly instance?: string;
  readonly platform: Platform;
  /** Resources that are no control plane's: what a test rig put there for itself. */
  readonly isForeign?: (name: string) => boolean;
}

type Dumped = Readonly<Record<string, unknown>>;
type DumpedType = keyof ProxyResources;

/** Where Envoy's `/config_dump?include_eds` has what is in force, by field (Envoy, `admin/v3/config_dump_shared.proto`). */
const sections: readonly {
  readonly type: DumpedType;
  readonly message: string;
  readonly list: string;
  readonly way: readonly string[];
  readonly name: string;
}[] = [
  { type: "cluster", message: "ClustersConfigDump", list: "dynamic_active_clusters", way: ["cluster"], name: "name" },
  {
    type: "endpoints",
    message: "EndpointsConfigDump",
    list: "dynamic_endpoint_configs",
    way: ["endpoint_config"],
    name: "cluster_name",
  },
  {
    type: "listener",
    message: "ListenersConfigDump",
    list: "dynamic_listeners",
    way: ["active_state", "listener"],
    name: "name",
  },
  { type: "routes", message: "RoutesConfigDump", list: "dynamic_route_configs", way: ["route_config"], name: "name" },
];

/**
 * Fields younger than our definitions that change nothing that a mesh speaks of. Any other that they do not know is
 * reported: leaving it out could change what is read.
 */
const younger = new Set([
  // How names are looked up.
  "dns_jitter",
]);

/**
 * What an Envoy says that it does, as it would be told: its active dynamic resources. What it was started with, and what
 * still warms, is no part of it. A message that cannot be understood is MESH5003, and then there is no configuration.
 */
export const dumpedConfiguration = (
  dump: unknown,
  { workload, instance = "0", platform, isForeign = () => false }: DumpOptions,
): Staged<ProxyConfiguration> => {
  const diagnostics: Diagnostic[] = [];
  const report = (object: string, at: string): void => {
    const origin = { module: `${workload} ${object}`, path: [] };
    diagnostics.push(diagnostic("MESH5003", { object: `${workload} ${object}`, at }, { place: { origin } }));
  };
  const configs = (dump as { readonly configs?: readonly Dumped[] }).configs ?? [];
  const section = (message: string): Dumped | undefined =>
    configs.find((config) => String(config["@type"]).endsWith(`.${message}`));
  if (!dropsFragments(section("BootstrapConfigDump"))) report("bootstrap", "/layered_runtime");
  const resources = new Map<DumpedType, Resource<object>[]>();
  for (const { type, message, list, way, name } of sections) {
    const found = section(message);
    if (found === undefined) report("dump", `/${message}`);
    const read = ((found?.[list] ?? []) as readonly Dumped[]).flatMap((entry): readonly Resource<object>[] => {
      const resource = way.reduce<Dumped | undefined>((at, step) => at?.[step] as Dumped | undefined, entry);
      // A listener that never came up, or is on its way out.
      if (resource === undefined) return [];
      const known = textOf(resource[name]);
      if (isForeign(known)) return [];
      const { "@type": _type, ...rest } = resource;
      try {
        return [{ name: known, message: canonical(type, withoutYounger(rest)) as object, origins: [] }];
      } catch (error) {
        report(`${type} ${known}`, `: ${(error as Error).message}`);
        return [];
      }
    });
    resources.set(
      type,
      read.sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  }
  const of = (type: DumpedType) => resources.get(type) ?? [];
  const value: ProxyConfiguration = {
    workload,
    instance,
    platform,
    resources: { cluster: of("cluster"), endpoints: of("endpoints"), listener: of("listener"), routes: of("routes") },
  };
  return { value: diagnostics.length > 0 ? undefined : value, diagnostics };
};

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const fragmentFeature = "envoy.reloadable_features.http_reject_path_with_fragment";

/** Envoy by itself refuses a request whose path has a fragment; `decide` has it dropped, as Istio's proxies are started. */
const dropsFragments = (config: Dumped | undefined): boolean => {
  type Layers = { readonly layered_runtime?: { readonly layers?: readonly { readonly static_layer?: Dumped }[] } };
  const layers = (config?.["bootstrap"] as Layers | undefined)?.layered_runtime?.layers ?? [];
  return layers.some(({ static_layer }) => static_layer?.[fragmentFeature] === false);
};

const withoutYounger = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutYounger);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, below]) => (younger.has(key) ? [] : [[key, withoutYounger(below)]])),
  );
};

/** The address under which a dumped proxy was started: `sidecar~10.244.0.7~pod.namespace~…`, as Istio's proxies name themselves. */
export const dumpedAddress = (dump: unknown): string | undefined => {
  const configs = (dump as { readonly configs?: readonly Dumped[] }).configs ?? [];
  for (const config of configs) {
    const { node } = (config["bootstrap"] ?? {}) as { readonly node?: { readonly id?: string } };
    const [, address] = node?.id?.split("~") ?? [];
    if (address !== undefined) return address;
  }
  return undefined;
};
