import { versions } from "../install.ts";
import { securedCluster } from "../../../targets/xds/bootstrap.ts";
import { adminPort, trustDomain, type PlacedPod, type Pod } from "../workload.ts";

/** As istiod names a proxy: in `/debug/syncz`, and in the query of `/debug/config_dump?proxyID=`. */
export const nodeName = ({ pod, spec }: Pod): string => `${pod}.${spec.namespace}`;

/**
 * What istio-agent would write for this pod (tools/packaging/common/envoy_bootstrap.json, pkg/bootstrap/config.go), less
 * telemetry and the agent itself: Envoy asks istiod directly, in plain text, and the identity process for secrets, with the
 * identity of its folder.
 */
export const bootstrap = (
  { spec, pod, address }: PlacedPod,
  discovery: { readonly address: string; readonly port: number },
  identities: { readonly address: string; readonly port: number; readonly identityFolder: string },
): unknown => ({
  node: {
    id: `${spec.kind === "gateway" ? "router" : "sidecar"}~${address}~${pod}.${spec.namespace}~${spec.namespace}.svc.cluster.local`,
    cluster: `${spec.name}.${spec.namespace}`,
    metadata: {
      CLUSTER_ID: "Kubernetes",
      ENVOY_PROMETHEUS_PORT: 15090,
      ENVOY_STATUS_PORT: 15021,
      INSTANCE_IPS: address,
      INTERCEPTION_MODE: "REDIRECT",
      ISTIO_VERSION: versions.istio,
      LABELS: spec.labels,
      MESH_ID: "cluster.local",
      NAME: pod,
      NAMESPACE: spec.namespace,
      OWNER: `kubernetes://apis/apps/v1/namespaces/${spec.namespace}/deployments/${spec.name}`,
      POD_PORTS: JSON.stringify(
        spec.ports.map(({ number, name }) => ({ name, containerPort: number, protocol: "TCP" })),
      ),
      SERVICE_ACCOUNT: spec.serviceAccount ?? "default",
      WORKLOAD_NAME: spec.name,
    },
  },
  layered_runtime: {
    layers: [
      {
        name: "global config",
        static_layer: {
          "re2.max_program_size.error_level": "32768",
          "envoy.deprecated_features:envoy.config.listener.v3.Listener.hidden_envoy_deprecated_use_original_dst": true,
          "envoy.reloadable_features.http_reject_path_with_fragment": false,
          "envoy.reloadable_features.fixed_heap_use_allocated": true,
          "envoy.reloadable_features.coalesce_lb_rebuilds_on_batch_update": false,
        },
      },
      { name: "admin", admin_layer: {} },
    ],
  },
  bootstrap_extensions: [
    {
      name: "envoy.bootstrap.internal_listener",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
        buffer_size_kb: 64,
      },
    },
  ],
  admin: { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } },
  dynamic_resources: {
    lds_config: { ads: {}, initial_fetch_timeout: "0s", resource_api_version: "V3" },
    cds_config: { ads: {}, initial_fetch_timeout: "0s", resource_api_version: "V3" },
    ads_config: {
      api_type: "DELTA_GRPC",
      set_node_on_first_message_only: true,
      transport_api_version: "V3",
      grpc_services: [{ envoy_grpc: { cluster_name: "xds-grpc" } }],
    },
  },
  static_resources: {
    clusters: [
      plainCluster("xds-grpc", { socket_address: { address: discovery.address, port_value: discovery.port } }),
      securedCluster("sds-grpc", identities, { trustDomain }),
    ],
  },
});

const plainCluster = (name: string, address: unknown): unknown => ({
  name,
  type: "STATIC",
  connect_timeout: "1s",
  load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
});
