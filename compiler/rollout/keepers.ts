import type { Host } from "../../lib/model/mesh.ts";
import { istioObject, nameOf, type KubernetesObject } from "../../targets/istio/object.ts";
import { importing, importsOf } from "./scope-hosts.ts";

/**
 * A push of istiod tells a proxy of clusters, endpoints, listeners and routes one after the other, and Envoy calls no cluster whose
 * endpoints it has still to ask for. So a destination that comes into a scope, or leaves it, is for a moment one that calls are led to
 * and that is not there (`cluster_not_found`), though the same calls go straight to their address before and after. A keeper is a
 * VirtualService that nobody calls: of every VirtualService in a scope Istio loads the destinations too, and leads no call to them
 * (`pilot/pkg/model/sidecar.go`, `collectImportedServices`).
 */
export const keeper = (namespace: string, hosts: readonly Host[]): KubernetesObject =>
  istioObject("VirtualService", namespace, keeperName, {
    hosts: [keeperHost(namespace)],
    http: [
      {
        fault: { abort: { httpStatus: 404, percentage: { value: 100 } } },
        route: [...new Set(hosts)].sort().map((host) => ({ destination: { host }, weight: 1 })),
      },
    ],
  });

/** No object of a mesh is called so: services have no dot in their names, and others begin otherwise. */
const keeperName = "rollout.keeper";
const keeperHost = (namespace: string): Host => `rollout.${namespace}.meshwright.invalid`;
const importOf = (namespace: string): string => `${namespace}/${keeperHost(namespace)}`;

export const nameOfKeeper = (namespace: string): string => nameOf(keeper(namespace, []));

export const isKeeper = ({ kind, metadata }: KubernetesObject): boolean =>
  kind === "VirtualService" && metadata.name === keeperName;

/** What a keeper keeps loaded; nothing where there is none. */
export const keptBy = (object: KubernetesObject | undefined): readonly Host[] => {
  const { http = [] } = (object?.spec ?? {}) as {
    readonly http?: readonly { readonly route: readonly { readonly destination: { readonly host: Host } }[] }[];
  };
  return http.flatMap(({ route }) => route.map(({ destination }) => destination.host));
};

/** A scope in which its namespace's keeper is, too. */
export const withKeeper = (sidecar: KubernetesObject): KubernetesObject =>
  importing(sidecar, [...importsOf(withoutKeeper(sidecar)), importOf(sidecar.metadata.namespace)]);

export const withoutKeeper = (sidecar: KubernetesObject): KubernetesObject =>
  hasKeeper(sidecar)
    ? importing(
        sidecar,
        importsOf(sidecar).filter((one) => one !== importOf(sidecar.metadata.namespace)),
      )
    : sidecar;

export const hasKeeper = (sidecar: KubernetesObject): boolean =>
  importsOf(sidecar).includes(importOf(sidecar.metadata.namespace));

export interface Turnover {
  readonly comes: readonly Host[];
  readonly goes: readonly Host[];
}

/** What comes into a scope and what leaves it; no scope is one of everything. */
export const turnover = (
  before: KubernetesObject | undefined,
  after: KubernetesObject | undefined,
  everything: ReadonlySet<Host>,
): Turnover => {
  const hostsOf = (sidecar: KubernetesObject | undefined): ReadonlySet<Host> =>
    sidecar === undefined
      ? everything
      : new Set(importsOf(withoutKeeper(sidecar)).map((one) => one.slice(one.indexOf("/") + 1)));
  const [old, next] = [hostsOf(before), hostsOf(after)];
  return { comes: [...next].filter((host) => !old.has(host)), goes: [...old].filter((host) => !next.has(host)) };
};
