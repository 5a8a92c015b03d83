import type { RawHeader } from "./agent/http1.ts";
import type { RigRequest, RigResponse } from "./agent/protocol.ts";
import type { KubeObject } from "./kube.ts";
import type { Rig } from "./rig.ts";

export const request = (
  host: string,
  target: string,
  headers: readonly RawHeader[] = [],
  more: Partial<RigRequest> = {},
): RigRequest => ({ to: "10.99.0.1", port: 80, method: "GET", target, headers: [["host", host], ...headers], ...more });
export const statusOf = (response: RigResponse | undefined): number | undefined =>
  response?.kind === "response" ? response.status : undefined;
export const workloadOf = (response: RigResponse | undefined): string | undefined =>
  response?.kind === "response" ? response.echo?.pod : undefined;

export const object = (
  apiVersion: string,
  kind: string,
  namespace: string,
  name: string,
  spec: unknown,
): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  spec,
});
export const networking = (kind: string, name: string, spec: unknown, namespace = "shop"): KubeObject =>
  object("networking.istio.io/v1", kind, namespace, name, spec);
export const service = (name: string, selector: unknown, ports: unknown, namespace = "shop"): KubeObject =>
  object("v1", "Service", namespace, name, { selector, ports });

/** Proxies that wait for no secret, in plain text. */
export const noMtls = object("security.istio.io/v1", "PeerAuthentication", "istio-system", "default", {
  mtls: { mode: "DISABLE" },
});
/** Every object that the self-test needs in force at first. */
export const shop: readonly KubeObject[] = [
  service("reviews", { app: "reviews" }, [
    { name: "http", port: 80, targetPort: 9080 },
    { name: "tcp-raw", port: 9000 },
  ]),
  networking("DestinationRule", "reviews", {
    host: "reviews.shop.svc.cluster.local",
    subsets: [
      { name: "v1", labels: { version: "v1" } },
      { name: "v2", labels: { version: "v2" } },
    ],
  }),
  networking("VirtualService", "reviews", {
    hosts: ["reviews.shop.svc.cluster.local"],
    http: [
      {
        match: [{ headers: { "end-user": { exact: "jason" } } }],
        route: [{ destination: { host: "reviews.shop.svc.cluster.local", subset: "v2" } }],
      },
      {
        match: [{ uri: { prefix: "/tried" } }],
        route: [{ destination: { host: "reviews.shop.svc.cluster.local", subset: "v1" } }],
        retries: { attempts: 2, retryOn: "5xx,reset" },
      },
      { route: [{ destination: { host: "reviews.shop.svc.cluster.local", subset: "v1" } }] },
    ],
  }),
  object("security.istio.io/v1", "AuthorizationPolicy", "shop", "reviews", {
    selector: { matchLabels: { app: "reviews" } },
    action: "DENY",
    rules: [{ to: [{ operation: { ports: ["9080"], paths: ["/admin*"] } }] }],
  }),
  service("ingress", { istio: "ingress" }, [{ name: "http", port: 80, targetPort: 8080 }], "edge"),
  networking(
    "Gateway",
    "ingress",
    {
      selector: { istio: "ingress" },
      servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["shop.example"] }],
    },
    "edge",
  ),
  networking(
    "VirtualService",
    "ingress",
    {
      hosts: ["shop.example"],
      gateways: ["edge/ingress"],
      http: [
        {
          match: [{ uri: { prefix: "/reviews" } }],
          route: [{ destination: { host: "reviews.shop.svc.cluster.local", port: { number: 80 }, subset: "v2" } }],
        },
      ],
    },
    "edge",
  ),
  networking("ServiceEntry", "payments", {
    hosts: ["api.payments.example"],
    location: "MESH_EXTERNAL",
    resolution: "DNS",
    ports: [{ number: 80, name: "http", protocol: "HTTP", targetPort: 443 }],
  }),
  networking("DestinationRule", "payments", {
    host: "api.payments.example",
    trafficPolicy: { tls: { mode: "SIMPLE" } },
  }),
];

/** A caller, two versions of a service, a gateway, and three who stand outside. */
export const startPods = async (mesh: Rig) => {
  const [client, v1, v2, ingress, outside, payments, impostor] = await Promise.all([
    mesh.startWorkload({ name: "client", namespace: "shop", labels: { app: "client" }, ports: [], kind: "sidecar" }),
    ...["v1", "v2"].map((version) =>
      mesh.startWorkload({
        name: `reviews-${version}`,
        namespace: "shop",
        labels: { app: "reviews", version },
        serviceAccount: "reviews",
        ports: [
          { number: 9080, protocol: "http" },
          { number: 9000, protocol: "tcp" },
        ],
        kind: "sidecar",
      }),
    ),
    mesh.startWorkload({
      name: "ingress",
      namespace: "edge",
      labels: { istio: "ingress" },
      ports: [{ number: 8080, protocol: "http" }],
      kind: "gateway",
    }),
    mesh.startWorkload({
      name: "outside",
      namespace: "outside",
      labels: {},
      ports: [],
      kind: "none",
      inCluster: false,
    }),
    mesh.startWorkload({
      name: "payments",
      namespace: "outside",
      labels: {},
      ports: [{ number: 443, protocol: "https" }],
      kind: "none",
      inCluster: false,
      tlsNames: ["api.payments.example"],
    }),
    mesh.startWorkload({
      name: "impostor",
      namespace: "outside",
      labels: {},
      ports: [{ number: 443, protocol: "https" }],
      kind: "none",
      inCluster: false,
      tlsNames: ["other.example"],
    }),
  ]);
  if (!client || !v1 || !v2 || !ingress || !outside || !payments || !impostor) throw new Error("unreachable");
  return { client, v1, v2, ingress, outside, payments, impostor };
};
