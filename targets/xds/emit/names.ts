import type { Backend } from "../../../lib/model/route.ts";

/** Names of resources. Istio's where it has one: they are what people know from dumps and dashboards. */

export const outboundCluster = ({ host, port, subset }: Pick<Backend, "host" | "port" | "subset">): string =>
  `outbound|${port}|${subset === "any" ? "" : subset}|${host}`;

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
