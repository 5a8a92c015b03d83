/** Envoy's messages as protobuf's JSON, under the names that Envoy's documentation has for them. Types alone. */
import type { HttpConnectionManagerJson } from "./proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import type { HttpProtocolOptionsJson } from "./proto/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js";
import type {
  DownstreamTlsContextJson,
  UpstreamTlsContextJson,
} from "./proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import type { HttpInspectorJson } from "./proto/generated/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js";
import type { OriginalDstJson } from "./proto/generated/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js";
import type { RawBufferJson } from "./proto/generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js";
import type { PreviousHostsPredicateJson } from "./proto/generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js";
import type { RBACJson as HttpRbacJson } from "./proto/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js";
import type { RBACJson as NetworkRbacJson } from "./proto/generated/envoy/extensions/filters/network/rbac/v3/rbac_pb.js";
import type { RouterJson } from "./proto/generated/envoy/extensions/filters/http/router/v3/router_pb.js";
import type { StdoutAccessLogJson } from "./proto/generated/envoy/extensions/access_loggers/stream/v3/stream_pb.js";
import type { TcpProxyJson } from "./proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js";
import type { TlsInspectorJson } from "./proto/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js";

export type { AccessLogJson as AccessLog } from "./proto/generated/envoy/config/accesslog/v3/accesslog_pb.js";
export type { BootstrapJson as Bootstrap } from "./proto/generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
export type { ClusterJson as Cluster } from "./proto/generated/envoy/config/cluster/v3/cluster_pb.js";
export type { ConfigSourceJson as ConfigSource } from "./proto/generated/envoy/config/core/v3/config_source_pb.js";
export type { AddressJson as Address } from "./proto/generated/envoy/config/core/v3/address_pb.js";
export type {
  HeaderValueOptionJson as HeaderValueOption,
  TransportSocketJson as TransportSocket,
} from "./proto/generated/envoy/config/core/v3/base_pb.js";
export type { ClusterLoadAssignmentJson as Endpoints } from "./proto/generated/envoy/config/endpoint/v3/endpoint_pb.js";
export type { LbEndpointJson as LbEndpoint } from "./proto/generated/envoy/config/endpoint/v3/endpoint_components_pb.js";
export type { ListenerJson as Listener } from "./proto/generated/envoy/config/listener/v3/listener_pb.js";
export type {
  FilterChainJson as FilterChain,
  FilterJson as NetworkFilter,
  ListenerFilterJson as ListenerFilter,
} from "./proto/generated/envoy/config/listener/v3/listener_components_pb.js";
export type {
  PermissionJson as Permission,
  PolicyJson as RbacPolicy,
  PrincipalJson as RbacPrincipal,
  RBACJson as RbacRules,
} from "./proto/generated/envoy/config/rbac/v3/rbac_pb.js";
export type { RouteConfigurationJson as Routes } from "./proto/generated/envoy/config/route/v3/route_pb.js";
export type {
  HeaderMatcherJson as HeaderMatcher,
  RetryPolicyJson as RetryPolicy,
  RouteActionJson as RouteAction,
  RouteJson as Route,
  RouteMatchJson as RouteMatch,
  VirtualHostJson as VirtualHost,
} from "./proto/generated/envoy/config/route/v3/route_components_pb.js";
export type { CommonTlsContextJson as CommonTlsContext } from "./proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
export type { SdsSecretConfigJson as SdsSecretConfig } from "./proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js";
export type {
  HttpFilterJson as HttpFilter,
  HttpConnectionManagerJson as HttpConnectionManager,
} from "./proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";

/** What may stand where Envoy takes any message, by full name. */
interface Extensions {
  readonly "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog": StdoutAccessLogJson;
  readonly "envoy.extensions.filters.http.rbac.v3.RBAC": HttpRbacJson;
  readonly "envoy.extensions.filters.http.router.v3.Router": RouterJson;
  readonly "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector": HttpInspectorJson;
  readonly "envoy.extensions.filters.listener.original_dst.v3.OriginalDst": OriginalDstJson;
  readonly "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector": TlsInspectorJson;
  readonly "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager": HttpConnectionManagerJson;
  readonly "envoy.extensions.filters.network.rbac.v3.RBAC": NetworkRbacJson;
  readonly "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy": TcpProxyJson;
  readonly "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate": PreviousHostsPredicateJson;
  readonly "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer": RawBufferJson;
  readonly "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext": DownstreamTlsContextJson;
  readonly "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext": UpstreamTlsContextJson;
  readonly "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": HttpProtocolOptionsJson;
}

/** A message with its name, as protobuf's JSON writes `google.protobuf.Any`. */
export const typed = <Name extends keyof Extensions>(
  name: Name,
  message: Extensions[Name],
): Extensions[Name] & { readonly "@type": string } => ({ "@type": `type.googleapis.com/${name}`, ...message });
