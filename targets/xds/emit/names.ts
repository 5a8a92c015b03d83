import { createHash } from "node:crypto";
import type { Backend } from "../../../lib/model/route.ts";
import type { Cluster } from "../messages.ts";

/** Names of resources. Istio's where it has one: they are what people know from dumps and dashboards. */

export const outboundCluster = ({ host, port, subset }: Pick<Backend, "host" | "port" | "subset">): string =>
  `outbound|${port}|${subset === "any" ? "" : subset}|${host}`;

/**
 * The endpoints of a cluster, by what it asks of whoever answers there. While a cluster changes Envoy has two, and gives both
 * every list of their name: without this one, connections to a workload that came with another identity would be checked,
 * for a moment, by those who were there before.
 */
export const endpointsOf = (
  cluster: string,
  { transportSocket, transportSocketMatches }: Pick<Cluster, "transportSocket" | "transportSocketMatches">,
): string => {
  if (transportSocket === undefined) return cluster;
  const asked = JSON.stringify([transportSocket, transportSocketMatches]);
  return `${cluster}|${createHash("sha256").update(asked).digest("hex").slice(0, 8)}`;
};

export const inboundCluster = (port: number): string => `inbound|${port}||`;

/** Straight to the address that was dialled. */
export const passthroughCluster = "PassthroughCluster";
export const inboundPassthroughCluster = "InboundPassthroughCluster";
/** Nowhere. */
export const blackHoleCluster = "BlackHoleCluster";

/** Ports to which captured connections are redirected (Istio's `istio-iptables`). */
export const capturePorts = { outbound: 15001, inbound: 15006 } as const;
export const isCapturePort = (port: number): boolean => Object.values<number>(capturePorts).includes(port);

/** The source address of what the proxy sends its own application, which capture leaves alone. */
export const inboundSource = "127.0.0.6";

export const outboundRoutes = (port: number): string => String(port);
export const gatewayRoutes = (port: number): string => `http.${port}`;
