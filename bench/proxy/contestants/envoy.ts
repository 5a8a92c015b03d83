import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { child } from "../../../conformance/rig/process.ts";
import { freePort } from "../../../conformance/rig/free-port.ts";
import { backends, type Backend } from "../backend.ts";
import type { Security } from "../cases.ts";
import { backendIdentity } from "../certificates.ts";
import { canary, host, openPrefix, otherHost } from "../request.ts";
import { clusterName, retried, timeoutMs } from "../route.ts";
import type { Contestant, Surroundings } from "./contestant.ts";

/** The same filters as ours, its own headers left out, one worker. */
export const envoy = async (surroundings: Surroundings): Promise<Contestant> => {
  const { tools, directory } = surroundings;
  const ports = { plain: await freePort(), mtls: await freePort() };
  const [file, accessLog] = [join(directory, "envoy.json"), join(directory, "envoy.access.log")];
  const securities = ["plain", "mtls"] as const;
  writeFileSync(
    file,
    JSON.stringify({
      staticResources: {
        listeners: securities.map((security) => listener(security, ports[security], accessLog)),
        clusters: securities.flatMap((security) => backends.map((backend) => cluster(backend, security, surroundings))),
      },
    }),
  );
  const argv = [
    tools.envoy,
    ...["-c", file],
    ...["--concurrency", "1"],
    "--disable-hot-restart",
    ...["--log-level", "warning"],
    ...["--file-flush-interval-msec", "100"],
  ];
  return { name: "envoy", process: child(directory, "envoy", argv), ports, accessLog, rules: true };
};

const typed = (type: string, fields: object): object => ({ "@type": `type.googleapis.com/${type}`, ...fields });

const address = (port: number): object => ({ socketAddress: { address: "127.0.0.1", portValue: port } });

const listener = (security: Security, port: number, accessLog: string): object => ({
  name: security,
  address: address(port),
  filterChains: [
    {
      filters: [
        {
          name: "http",
          typedConfig: typed("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
            statPrefix: security,
            useRemoteAddress: true,
            normalizePath: true,
            serverHeaderTransformation: "PASS_THROUGH",
            accessLog: [{ name: "file", typedConfig: logged(accessLog) }],
            routeConfig: {
              virtualHosts: [
                virtualHost(host, [
                  route("canary", security, [{ name: canary.name, stringMatch: { exact: canary.value } }]),
                  route("stable", security),
                ]),
                virtualHost(otherHost, [route("other", security)]),
              ],
            },
            httpFilters: [
              { name: "rbac", typedConfig: rbac },
              {
                name: "router",
                typedConfig: typed("envoy.extensions.filters.http.router.v3.Router", { suppressEnvoyHeaders: true }),
              },
            ],
          }),
        },
      ],
    },
  ],
});

/** The fields of our own log. */
const logged = (path: string): object =>
  typed("envoy.extensions.access_loggers.file.v3.FileAccessLog", {
    path,
    logFormat: {
      jsonFormat: {
        start_time: "%START_TIME%",
        method: "%REQ(:METHOD)%",
        path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
        authority: "%REQ(:AUTHORITY)%",
        protocol: "%PROTOCOL%",
        response_code: "%RESPONSE_CODE%",
        response_flags: "%RESPONSE_FLAGS%",
        bytes_received: "%BYTES_RECEIVED%",
        bytes_sent: "%BYTES_SENT%",
        duration: "%DURATION%",
        request_id: "%REQ(X-REQUEST-ID)%",
        attempts: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        upstream_cluster: "%UPSTREAM_CLUSTER%",
        upstream_host: "%UPSTREAM_HOST%",
        downstream_remote_address: "%DOWNSTREAM_REMOTE_ADDRESS%",
        downstream_peer_uri_san: "%DOWNSTREAM_PEER_URI_SAN%",
        reporter: "gateway",
      },
    },
  });

const virtualHost = (name: string, routes: readonly object[]): object => ({ name, domains: [name], routes });

const route = (backend: Backend, security: Security, headers: readonly object[] = []): object => ({
  match: { prefix: "/", headers },
  route: {
    cluster: clusterName(backend, security),
    timeout: `${timeoutMs / 1000}s`,
    retryPolicy: {
      retryOn: retried.on.join(),
      numRetries: retried.attempts,
      retriableStatusCodes: retried.statuses,
      retryHostPredicate: [
        {
          name: "previous-hosts",
          typedConfig: typed("envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate", {}),
        },
      ],
      hostSelectionRetryMaxAttempts: 5,
    },
  },
});

const rbac = typed("envoy.extensions.filters.http.rbac.v3.RBAC", {
  rules: {
    action: "ALLOW",
    policies: {
      open: {
        permissions: [
          {
            andRules: {
              rules: [
                { urlPath: { path: { prefix: openPrefix } } },
                { header: { name: ":method", stringMatch: { exact: "GET" } } },
              ],
            },
          },
        ],
        principals: [{ any: true }],
      },
    },
  },
});

const cluster = (backend: Backend, security: Security, { origins, identity }: Surroundings): object => ({
  name: clusterName(backend, security),
  type: "STATIC",
  lbPolicy: "LEAST_REQUEST",
  loadAssignment: {
    clusterName: clusterName(backend, security),
    endpoints: [{ lbEndpoints: [{ endpoint: { address: address(origins[backend][security]) } }] }],
  },
  ...(security === "mtls" && {
    transportSocket: {
      name: "tls",
      typedConfig: typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
        commonTlsContext: {
          tlsParams: { tlsMaximumProtocolVersion: "TLSv1_3" },
          tlsCertificates: [{ certificateChain: { filename: identity.chain }, privateKey: { filename: identity.key } }],
          validationContext: {
            trustedCa: { filename: identity.roots },
            matchTypedSubjectAltNames: [{ sanType: "URI", matcher: { exact: backendIdentity } }],
          },
        },
      }),
    },
  }),
});
