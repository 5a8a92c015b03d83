import {
  createServer as createHttpServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
} from "node:http";
import type { AddressInfo, Server } from "node:net";
import { onTestFinished } from "vitest";
import { noEdits } from "../../lib/model/route.ts";
import type {
  Access,
  Cluster,
  Inbound,
  Listener,
  ProxyConfig,
  Route,
  VirtualHost,
  GatewayPort,
} from "../../targets/native/config.ts";
import { proxy, type Proxy, type ProxyOptions } from "./proxy.ts";
import type { ConnectionRecord, ExchangeRecord, HandshakeFailure } from "./telemetry/exchange-record.ts";

export const identity = "spiffe://cluster.local/ns/shop/sa/client";

export const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));

/** A server that answers; gone with the test. */
export const backend = async (answers: RequestListener): Promise<number> => {
  const server = createHttpServer(answers);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return listening(server);
};

/** A cluster as configurations call it. */
export const clusterOf = (name: string): string => `${name}||80`;

export const route = (to: string, more: Partial<Route> = {}): Route => ({
  split: [{ upTo: 1, cluster: clusterOf(to) }],
  timeout: "none",
  retries: "none",
  requestHeaders: noEdits,
  responseHeaders: noEdits,
  ...more,
});

/** A host whose first route takes everything. */
export const wholeHost = (...routes: readonly Route[]): VirtualHost => ({
  name: "server.shop.svc.cluster.local",
  routes,
  paths: { under: [{ route: 0, headers: [] }] },
});

export const cluster = (...ports: readonly number[]): Cluster => ({
  resolve: "static",
  endpoints: ports.map((port) => ({ address: "127.0.0.1", port })),
});

export const everybody: Access = {
  deny: {
    anonymous: 0,
    authenticated: 0,
    prefixes: {},
    exact: {},
    nodes: [{ connection: false, otherMethods: false, methods: {} }],
  },
};

export const nobody: Access = {
  deny: {
    anonymous: 0,
    authenticated: 0,
    prefixes: {},
    exact: {},
    nodes: [{ connection: true, otherMethods: true, methods: {} }],
  },
};

export const inbound = (port: number, application: number, more: Partial<Inbound> = {}): Inbound => ({
  kind: "inbound",
  address: "127.0.0.1",
  port,
  targetPort: 8080,
  application: { address: "127.0.0.1", port: application },
  protocol: "http",
  mtls: "disabled",
  access: everybody,
  ...more,
});

export const config = (listeners: readonly Listener[], clusters: ProxyConfig["clusters"] = {}): ProxyConfig => ({
  version: 1,
  workload: "shop/client",
  identity,
  trustDomain: "cluster.local",
  pathNormalization: "base",
  listeners,
  clusters: Object.fromEntries(Object.entries(clusters).map(([name, one]) => [clusterOf(name), one])),
});

/** One outbound port for all hosts that are asked for. */
export const outbound = (port: number, host: VirtualHost): Listener => ({
  kind: "outbound-http",
  address: "127.0.0.1",
  port,
  servicePort: 80,
  hosts: { virtualHosts: [host], exact: { server: 0, "127.0.0.1": 0 }, suffix: {} },
  unknownHosts: "refuse",
});

export const gateway = (
  port: number,
  host: VirtualHost,
  { targetPort = 8080, access = nobody }: Partial<Pick<GatewayPort, "targetPort" | "access">> = {},
): GatewayPort => ({
  kind: "gateway",
  address: "127.0.0.1",
  port,
  targetPort,
  hosts: { virtualHosts: [host], exact: { server: 0 }, suffix: {} },
  access,
});

export interface Running {
  readonly proxy: Proxy;
  readonly exchanges: readonly ExchangeRecord[];
  readonly connections: readonly ConnectionRecord[];
  readonly handshakes: readonly HandshakeFailure[];
}

export const running = async (
  first: ProxyConfig,
  limits?: ProxyOptions["limits"],
  more?: Pick<ProxyOptions, "upstream" | "addressesOf">,
): Promise<Running> => {
  const exchanges: ExchangeRecord[] = [];
  const connections: ConnectionRecord[] = [];
  const handshakes: HandshakeFailure[] = [];
  const made = proxy({
    telemetry: {
      exchanged: (record) => exchanges.push(record),
      connected: (record) => connections.push(record),
      handshakeFailed: (failure) => handshakes.push(failure),
    },
    ...(limits && { limits }),
    ...more,
  });
  onTestFinished(() => made.close(0));
  await made.taken(first);
  return { proxy: made, exchanges, connections, handshakes };
};

export interface Said {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export const asked = (
  port: number,
  {
    path = "/",
    method = "GET",
    host = "server",
    headers = {},
    body = "",
    agent,
  }: {
    readonly path?: string;
    readonly method?: string;
    readonly host?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Buffer;
    readonly agent?: import("node:http").Agent;
  } = {},
): Promise<Said> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: "127.0.0.1", port, path, method, headers: { host, ...headers }, ...(agent && { agent }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    request.on("error", reject);
    request.end(body);
  });
