import { createHash } from "node:crypto";
import type { Instance, Placement } from "../../lib/graph/placement.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Mesh, MeshWorkload } from "../../lib/model/mesh.ts";
import { proxyResources } from "../../targets/xds/emit/index.ts";
import { encoded } from "../../targets/xds/proto/codec.ts";
import type { Resource, ResourceType } from "../../targets/xds/resource.ts";
import type { Served, View } from "./view.ts";

/** What is told to proxies at one moment. */
export interface Revision {
  readonly mesh: Mesh;
  readonly placement: Placement;
}

/** What a proxy is told at a revision; undefined where the mesh has no such proxy. */
export interface Views {
  readonly of: (proxy: { readonly workload: string; readonly instance: number }) => Omit<View, "secret"> | undefined;
}

/** Encoded resources by their content: most of a revision is what the one before it was, and most proxies share it. */
export interface Encodings {
  readonly of: (type: Exclude<ResourceType, "secret">, resource: Resource<object>) => Served;
  /** Forgets what was not asked for since the call before: memory follows the mesh, not its history. */
  readonly swept: () => void;
}

export const encodings = (): Encodings => {
  type Encoded = Pick<Served, "version" | "bytes">;
  let older = new Map<string, Encoded>();
  let recent = new Map<string, Encoded>();
  return {
    of: (type, { name, message, origins }) => {
      const content = `${type} ${JSON.stringify(message)}`;
      const known = recent.get(content) ?? older.get(content) ?? encodedNew(type, message);
      recent.set(content, known);
      return { name, ...known, origins };
    },
    swept: () => {
      older = recent;
      recent = new Map();
    },
  };
};

const encodedNew = (type: ResourceType, message: object): Pick<Served, "version" | "bytes"> => {
  const bytes = encoded(type, message);
  return { version: createHash("sha256").update(bytes).digest("base64url").slice(0, 16), bytes };
};

/** Made when somebody asks: only proxies that are connected cost anything. */
export const views = (
  { mesh, placement }: Revision,
  cache: Encodings,
  settings: { readonly accessLog: "stdout" | "none" },
): Views => {
  const made = new Map<string, Omit<View, "secret">>();
  const view = (workload: MeshWorkload, instance: Instance | undefined): Omit<View, "secret"> => {
    const resources = proxyResources(mesh, workload, instance, { placement, delivery: "ads", ...settings });
    const served = (type: Exclude<ResourceType, "secret">): ReadonlyMap<string, Served> =>
      new Map(resources[type].map((resource) => [resource.name, cache.of(type, resource)]));
    return {
      cluster: served("cluster"),
      endpoints: served("endpoints"),
      listener: served("listener"),
      routes: served("routes"),
    };
  };
  return {
    of: ({ workload: id, instance: index }) => {
      const workload = lookup(mesh).workload(id);
      if (workload === undefined || workload.proxy === "none") return undefined;
      const instance = placement.instances[id]?.[index];
      // Copies whose connections are captured are told the same.
      const key = instance?.loopback === undefined ? id : `${id} ${index}`;
      const known = made.get(key) ?? view(workload, instance);
      made.set(key, known);
      return known;
    },
  };
};
