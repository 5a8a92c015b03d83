import type { Backend } from "../../lib/model/route.ts";
import type { ClusterName, Listener, VirtualHost } from "./config.ts";

/** What a cluster is named after. */
export type Called = Pick<Backend, "host" | "subset" | "port">;

export const clusterName = ({ host, subset, port }: Called): ClusterName =>
  `${host}|${subset === "any" ? "" : subset}|${port}`;

/** What the name says; a name of another form says nothing that there is. */
export const calledOf = (name: ClusterName): Called => {
  const [, host = "", subset = "", port = ""] = /^([^|]+)\|([^|]*)\|(\d+)$/.exec(name) ?? [];
  return { host, subset: subset === "" ? "any" : subset, port: Number(port) };
};

/** The clusters to which listeners lead, sorted, each once. */
export const calledBy = (listeners: readonly Listener[]): readonly ClusterName[] => {
  const names = new Set(listeners.flatMap((one) => ("byAddress" in one ? Object.values(one.byAddress ?? {}) : [])));
  // A virtual host stands under each of its names.
  const virtualHosts = new Set(listeners.flatMap(virtualHostsOf));
  for (const { routes } of virtualHosts)
    for (const { split } of routes) for (const { cluster } of split) names.add(cluster);
  return [...names].sort();
};

const virtualHostsOf = (listener: Listener): readonly VirtualHost[] =>
  "hosts" in listener ? [...Object.values(listener.hosts.exact), ...Object.values(listener.hosts.suffix)] : [];
