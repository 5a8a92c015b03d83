import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "../../../rig/free-port.ts";
import type { Proxies } from "../../../rig/install.ts";
import { child, eventually } from "../../../rig/process.ts";
import { origin } from "./origin.ts";
import type { Peer } from "./peer.ts";

/** A port of the peer's, and the one of the origin behind it. */
type Ports = readonly [port: number, originPort: number];

interface Proxy {
  readonly name: "envoy" | "nginx" | "haproxy";
  readonly configuration: (ports: readonly Ports[], directory: string) => string;
  readonly argv: (binary: string, file: string) => readonly string[];
}

const envoyListener = ([port, originPort]: Ports) => ({
  name: `lane-${port}`,
  address: { socketAddress: { address: "127.0.0.1", portValue: port } },
  filterChains: [
    {
      filters: [
        {
          name: "http",
          typedConfig: {
            "@type":
              "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            statPrefix: "in",
            httpProtocolOptions: { acceptHttp10: true },
            routeConfig: {
              virtualHosts: [
                {
                  name: "all",
                  domains: ["*"],
                  routes: [{ match: { prefix: "/" }, route: { cluster: `${originPort}` } }],
                },
              ],
            },
            httpFilters: [
              {
                name: "router",
                typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
              },
            ],
          },
        },
      ],
    },
  ],
});

const envoyCluster = ([, originPort]: Ports) => ({
  name: `${originPort}`,
  type: "STATIC",
  loadAssignment: {
    clusterName: `${originPort}`,
    endpoints: [
      { lbEndpoints: [{ endpoint: { address: { socketAddress: { address: "127.0.0.1", portValue: originPort } } } }] },
    ],
  },
});

/** Each as it comes: the least configuration that forwards everything. */
const all: readonly Proxy[] = [
  {
    name: "envoy",
    configuration: (ports) =>
      JSON.stringify({ staticResources: { listeners: ports.map(envoyListener), clusters: ports.map(envoyCluster) } }),
    argv: (binary, file) => [
      binary,
      "-c",
      file,
      "--concurrency",
      "1",
      "--disable-hot-restart",
      "--log-level",
      "warning",
    ],
  },
  {
    name: "nginx",
    configuration: (ports, directory) => `
daemon off;
master_process off;
error_log stderr crit;
pid ${directory}/nginx.pid;
events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((use) => `${use}_temp_path ${directory}/nginx-${use};`).join(" ")}
  ${ports
    .map(
      ([port, originPort]) =>
        `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${originPort}; proxy_http_version 1.1; proxy_set_header Host $http_host; } }`,
    )
    .join("\n  ")}
}
`,
    argv: (binary, file) => [binary, "-c", file],
  },
  {
    name: "haproxy",
    configuration: (ports) => `
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
${ports
  .map(
    ([port, originPort]) =>
      `frontend f${port}\n  bind 127.0.0.1:${port}\n  default_backend b${port}\nbackend b${port}\n  server origin 127.0.0.1:${originPort}\n`,
  )
  .join("")}`,
    argv: (binary, file) => [binary, "-db", "-f", file],
  },
];

/** Envoy, nginx and HAProxy, each with origins behind it. */
export const proxies = (tools: Proxies, directory: string, lanes: number): Promise<readonly Peer[]> =>
  Promise.all(all.map((proxy) => started(proxy, tools, directory, lanes)));

const started = async (proxy: Proxy, tools: Proxies, directory: string, lanes: number): Promise<Peer> => {
  const origins = await Promise.all(Array.from({ length: lanes }, origin));
  const ports = await Promise.all(origins.map(async ({ port }): Promise<Ports> => [await freePort(), port]));
  const file = join(directory, `${proxy.name}.configuration`);
  writeFileSync(file, proxy.configuration(ports, directory));
  const running = child(directory, proxy.name, proxy.argv(tools[proxy.name], file), { env: tools.libraries });
  const stop = async (): Promise<void> => {
    await running.stop(0);
    for (const { stop } of origins) stop();
  };
  try {
    for (const [port] of ports)
      await eventually(`${proxy.name} listens`, () => isListening(port), { needs: [running] });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name: proxy.name,
    lanes: origins.map(({ taken }, index) => ({ port: (ports[index] as Ports)[0], taken })),
    stop,
  };
};

const isListening = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(undefined));
  });
