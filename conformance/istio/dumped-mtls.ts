/** What a real proxy's configuration says about mTLS, read from Envoy's `/config_dump`. */

type Json = { readonly [field: string]: unknown };

const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);
const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (found, key) => (typeof found === "object" && found !== null ? (found as Json)[key] : undefined),
    value,
  );

const resources = (dump: unknown, section: string, ...lists: readonly string[]): readonly Json[] =>
  list(at(dump, "configs"))
    .filter((config) => String(config["@type"]).endsWith(section))
    .flatMap((config) => lists.flatMap((name) => list(config[name])));

export type DumpedMode = "strict" | "permissive" | "disabled";

/** How a port of the workload takes connections; undefined where the dump has nothing about it. */
export const inboundMode = (dump: unknown, port: number): DumpedMode | undefined => {
  const listeners = resources(dump, "ListenersConfigDump", "dynamic_listeners").flatMap((entry) => [
    at(entry, "active_state", "listener"),
    at(entry, "warming_state", "listener"),
  ]);
  const inbound = listeners.filter((listener) => at(listener, "name") === "virtualInbound");
  const chains = inbound
    .flatMap((listener) => list(at(listener, "filter_chains")))
    .filter((chain) => at(chain, "filter_chain_match", "destination_port") === port);
  if (chains.length === 0) return undefined;
  const encrypted = chains.some((chain) => at(chain, "transport_socket") !== undefined);
  const plain = chains.some((chain) => at(chain, "transport_socket") === undefined);
  return encrypted ? (plain ? "permissive" : "strict") : "disabled";
};

/** The names of the clusters that a proxy was sent for destinations, subsets left out: its effective scope. */
export const knownDestinations = (dump: unknown): readonly string[] => {
  const names = resources(dump, "ClustersConfigDump", "dynamic_active_clusters", "dynamic_warming_clusters").map(
    (entry) => String(at(entry, "cluster", "name")),
  );
  return [...new Set(names.flatMap((name) => (name.startsWith("outbound|") ? [name.split("|")[3] ?? ""] : [])))].sort();
};
