import type { Backend } from "../../lib/model/route.ts";
import type { ClusterName, Listener } from "./config.ts";

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
  for (const { routes } of listeners.flatMap((one) => ("hosts" in one ? one.hosts.virtualHosts : [])))
    for (const route of routes) if ("split" in route) for (const { cluster } of route.split) names.add(cluster);
  return [...names].sort();
};
