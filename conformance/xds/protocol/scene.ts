/** A mesh small enough to write by hand: one listener, one virtual host, as many clusters as backends. */
import { createHash } from "node:crypto";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { encoded } from "../../../targets/xds/proto/codec.ts";
import { resourceTypes, type ResourceType } from "../../../targets/xds/resource.ts";
import type { Served, View } from "../../../runtime/control/view.ts";

export interface Backend {
  readonly name: string;
  readonly port: number;
  readonly stop: () => void;
}

/** An HTTP server that answers with its name. */
export const backend = (name: string): Promise<Backend> =>
  new Promise((resolve) => {
    const server: HttpServer = createServer((_, response) => response.end(name));
    server.listen(0, "127.0.0.1", () =>
      resolve({
        name,
        port: (server.address() as AddressInfo).port,
        stop: () => {
          server.close();
          server.closeAllConnections();
        },
      }),
    );
  });

export const served = (type: ResourceType, name: string, message: unknown): Served => {
  const bytes = encoded(type, message);
  return { name, bytes, version: createHash("sha256").update(bytes).digest("hex").slice(0, 16), origins: [] };
};

export const view = (resources: Readonly<Partial<Record<ResourceType, readonly Served[]>>>): View =>
  Object.fromEntries(
    resourceTypes.map((type) => [type, new Map((resources[type] ?? []).map((served) => [served.name, served]))]),
  ) as unknown as View;

const ads = { ads: {}, resourceApiVersion: "V3" };

export const cluster = (name: string, settings: Readonly<Record<string, unknown>> = {}): Served =>
  served("cluster", name, {
    name,
    type: "EDS",
    edsClusterConfig: { edsConfig: ads },
    connectTimeout: "1s",
    ...settings,
  });

export const endpoints = (name: string, port: number): Served =>
  served("endpoints", name, {
    clusterName: name,
    endpoints: [
      {
        locality: { region: "here" },
        loadBalancingWeight: 1,
        lbEndpoints: [
          {
            healthStatus: "HEALTHY",
            endpoint: { address: { socketAddress: { address: "127.0.0.1", portValue: port } } },
          },
        ],
      },
    ],
  });

export const routes = (name: string, to: string): Served =>
  served("routes", name, {
    name,
    virtualHosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "" }, route: { cluster: to } }] }],
  });

const connections = (routeName: string, prefix: string) => ({
  "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
  statPrefix: prefix,
  rds: { routeConfigName: routeName, configSource: ads },
  httpFilters: [
    {
      name: "router",
      typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    },
  ],
});

/** A listener of an Envoy, whose routes come by discovery. */
export const listener = (name: string, port: number, routeName: string, prefix = "in"): Served =>
  served("listener", name, {
    name,
    address: { socketAddress: { address: "127.0.0.1", portValue: port } },
    filterChains: [{ filters: [{ name: "http", typedConfig: connections(routeName, prefix) }] }],
  });

/** A listener of a gRPC client: a name to dial. */
export const apiListener = (name: string, routeName: string): Served =>
  served("listener", name, { name, apiListener: { apiListener: connections(routeName, "client") } });
