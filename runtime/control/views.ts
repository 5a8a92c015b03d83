import type { Instance, Placement } from "../../lib/graph/placement.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Mesh, MeshWorkload } from "../../lib/model/mesh.ts";
import { proxyResources } from "../../targets/xds/emit/index.ts";
import { madeFor, type Made } from "../../targets/xds/emit/made.ts";
import type { Surroundings } from "../../targets/xds/emit/surroundings.ts";
import { encoded } from "../../targets/xds/proto/codec.ts";
import type { ProxyResources, Resource, ResourceType } from "../../targets/xds/resource.ts";
import { servedConfig } from "./served-config.ts";
import { emptyView, versionOf, type Served, type View } from "./view.ts";

/** What is told to proxies at one moment. */
export interface Revision {
  readonly mesh: Mesh;
  readonly placement: Placement;
}

/** By what it calls itself: the project's own proxy is told its configuration whole, in its own words. */
export type ProxyKind = "envoy" | "mesh-proxy";

/** What a mesh tells a proxy; secrets come from elsewhere. */
export type Told = Omit<View, "secret">;

/** What a proxy is told at a revision; undefined where the mesh has no such proxy. */
export interface Views {
  readonly of: (proxy: {
    readonly workload: string;
    readonly instance: number;
    readonly kind: ProxyKind;
  }) => Told | undefined;
  /** The next revision's, with whatever of this one's is still so. */
  readonly next: (revision: Revision) => Views;
}

interface Kept {
  readonly resources: ProxyResources;
  readonly told: Told;
}

/** Made when somebody asks: only proxies that are connected cost anything. */
export const views = (revision: Revision, settings: Pick<Surroundings, "accessLog">): Views =>
  viewsOf(revision, settings, undefined, new Map(), new Map());

const viewsOf = (
  { mesh, placement }: Revision,
  settings: Pick<Surroundings, "accessLog">,
  before: Made | undefined,
  older: ReadonlyMap<string, Kept>,
  olderConfigs: ReadonlyMap<string, Told>,
): Views => {
  const surroundings: Surroundings = { placement, delivery: "ads", ...settings };
  const made = madeFor(mesh, surroundings, before);
  const kept = new Map<string, Kept>();
  const configs = new Map<string, Told>();
  const view = (key: string, workload: MeshWorkload, instance: Instance | undefined): Kept => {
    const resources = proxyResources(mesh, workload, instance, surroundings, made);
    const last = older.get(key);
    // Of a type of which nothing is another, the very map is kept: whoever compares sees it at a glance.
    const served = (type: keyof ProxyResources): ReadonlyMap<string, Served> =>
      last !== undefined && isSame(last.resources[type], resources[type])
        ? last.told[type]
        : new Map(resources[type].map((resource) => [resource.name, servedOf(type, resource)]));
    return {
      resources,
      told: {
        cluster: served("cluster"),
        endpoints: served("endpoints"),
        listener: served("listener"),
        routes: served("routes"),
        proxyConfig: emptyView.proxyConfig,
      },
    };
  };
  /** Of a copy that is placed nowhere nothing can be said: what it had stays in force there. */
  const ownView = (key: string, workload: MeshWorkload, instance: Instance | undefined): Told => {
    if (instance === undefined) return emptyView;
    const served = servedConfig({ mesh, placement }, workload, instance);
    const last = olderConfigs.get(key);
    return last?.proxyConfig.get(served.name)?.version === served.version
      ? last
      : { ...emptyView, proxyConfig: new Map([[served.name, served]]) };
  };
  return {
    of: ({ workload: id, instance: index, kind }) => {
      const workload = lookup(mesh).workload(id);
      if (workload === undefined || workload.proxy === "none") return undefined;
      const instance = placement.instances[id]?.[index];
      if (kind === "mesh-proxy") {
        const own = `${id} ${index}`;
        const told = configs.get(own) ?? ownView(own, workload, instance);
        configs.set(own, told);
        return told;
      }
      // Copies whose connections are captured are told the same.
      const key = instance?.loopback === undefined ? id : `${id} ${index}`;
      const known = kept.get(key) ?? view(key, workload, instance);
      kept.set(key, known);
      return known.told;
    },
    next: (revision) => viewsOf(revision, settings, made, kept, configs),
  };
};

const isSame = (a: readonly object[], b: readonly object[]): boolean =>
  a.length === b.length && a.every((one, index) => one === b[index]);

const knownServed = new WeakMap<object, Served>();

/** Encoded once for all who are told it; its version is its content's. */
const servedOf = (type: ResourceType, resource: Resource<object>): Served => {
  const known = knownServed.get(resource);
  if (known !== undefined) return known;
  const { name, message, origins } = resource;
  const bytes = encoded(type, message);
  const version = versionOf(bytes);
  const served: Served = { name, version, bytes, origins };
  knownServed.set(resource, served);
  return served;
};
