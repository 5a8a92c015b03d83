import type { PathNormalization } from "../../../lib/graph/platform.ts";
import { typed, type HttpConnectionManager, type HttpFilter, type NetworkFilter } from "../messages.ts";
import { accessLog } from "./access-log.ts";
import type { Proxy } from "./proxy.ts";

/** Envoy's own steps for each of the platform's choices (Istio, `buildHTTPConnectionManager`). */
const normalization: Readonly<Record<PathNormalization, HttpConnectionManager>> = {
  none: { normalizePath: false },
  base: { normalizePath: true },
  "merge-slashes": { normalizePath: true, mergeSlashes: true },
  "decode-and-merge-slashes": {
    normalizePath: true,
    mergeSlashes: true,
    pathWithEscapedSlashesAction: "UNESCAPE_AND_FORWARD",
  },
};

/** Whose requests are read: those of the proxy's own application, those that arrive for it, those that enter the mesh. */
export type Reading = "outbound" | "inbound" | "gateway";

/** Limits are Envoy's, but for those that Istio lifts: a response may take as long as it takes. */
export const httpConnection = (
  reading: Reading,
  statPrefix: string,
  routes: Pick<HttpConnectionManager, "rds" | "routeConfig">,
  filters: readonly HttpFilter[],
  { mesh, surroundings }: Proxy,
): NetworkFilter => ({
  name: "envoy.filters.network.http_connection_manager",
  typedConfig: typed("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
    statPrefix,
    ...routes,
    httpFilters: [
      ...filters,
      { name: "envoy.filters.http.router", typedConfig: typed("envoy.extensions.filters.http.router.v3.Router", {}) },
    ],
    streamIdleTimeout: "0s",
    proxy100Continue: true,
    ...normalization[mesh.platform.pathNormalization],
    ...(reading === "gateway"
      ? { useRemoteAddress: true, forwardClientCertDetails: "SANITIZE_SET" }
      : { useRemoteAddress: false }),
    ...(reading === "inbound" && {
      // What a caller says of itself is not passed on: only what its certificate proves.
      forwardClientCertDetails: "SANITIZE_SET",
      setCurrentClientCertDetails: { subject: true, dns: true, uri: true },
    }),
    upgradeConfigs: [{ upgradeType: "websocket" }],
    ...accessLog(surroundings),
  }),
});

/** Bytes that nobody looks into. */
export const tcpConnection = (statPrefix: string, cluster: string, { surroundings }: Proxy): NetworkFilter => ({
  name: "envoy.filters.network.tcp_proxy",
  typedConfig: typed("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", {
    statPrefix,
    cluster,
    ...accessLog(surroundings),
  }),
});
