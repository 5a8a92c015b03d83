import {
  createRegistry,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
  type DescMessage,
  type JsonValue,
  type Registry,
} from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { file_google_protobuf_wrappers } from "@bufbuild/protobuf/wkt";
import {
  BootstrapSchema,
  file_envoy_config_bootstrap_v3_bootstrap,
} from "./generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { ClusterSchema } from "./generated/envoy/config/cluster/v3/cluster_pb.js";
import { ClusterLoadAssignmentSchema } from "./generated/envoy/config/endpoint/v3/endpoint_pb.js";
import { ListenerSchema } from "./generated/envoy/config/listener/v3/listener_pb.js";
import { RouteConfigurationSchema } from "./generated/envoy/config/route/v3/route_pb.js";
import { file_envoy_extensions_access_loggers_stream_v3_stream } from "./generated/envoy/extensions/access_loggers/stream/v3/stream_pb.js";
import { file_envoy_extensions_filters_http_rbac_v3_rbac } from "./generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js";
import { file_envoy_extensions_filters_http_router_v3_router } from "./generated/envoy/extensions/filters/http/router/v3/router_pb.js";
import { file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector } from "./generated/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js";
import { file_envoy_extensions_filters_listener_original_dst_v3_original_dst } from "./generated/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js";
import { file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector } from "./generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js";
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager } from "./generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { file_envoy_extensions_filters_network_rbac_v3_rbac } from "./generated/envoy/extensions/filters/network/rbac/v3/rbac_pb.js";
import { file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy } from "./generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js";
import { file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts } from "./generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js";
import { file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer } from "./generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js";
import {
  SecretSchema,
  file_envoy_extensions_transport_sockets_tls_v3_secret,
} from "./generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js";
import { file_envoy_extensions_transport_sockets_tls_v3_tls } from "./generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options } from "./generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js";
import { file_envoy_extensions_access_loggers_file_v3_file } from "./generated/envoy/extensions/access_loggers/file/v3/file_pb.js";
import { file_envoy_extensions_filters_http_cors_v3_cors } from "./generated/envoy/extensions/filters/http/cors/v3/cors_pb.js";
import { file_envoy_extensions_filters_http_fault_v3_fault } from "./generated/envoy/extensions/filters/http/fault/v3/fault_pb.js";
import { file_envoy_extensions_filters_http_grpc_stats_v3_config } from "./generated/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js";
import { file_envoy_extensions_network_dns_resolver_cares_v3_cares_dns_resolver } from "./generated/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver_pb.js";
import { file_envoy_extensions_request_id_uuid_v3_uuid } from "./generated/envoy/extensions/request_id/uuid/v3/uuid_pb.js";
import { VirtualHostSchema } from "./generated/envoy/config/route/v3/route_components_pb.js";
import type { Routes } from "../messages.ts";
import type { ResourceType } from "../resource.ts";

/** Every message that may stand inside of an `Any`. */
const registry: Registry = createRegistry(
  file_google_protobuf_wrappers,
  file_envoy_config_bootstrap_v3_bootstrap,
  file_envoy_extensions_access_loggers_file_v3_file,
  file_envoy_extensions_filters_http_cors_v3_cors,
  file_envoy_extensions_filters_http_fault_v3_fault,
  file_envoy_extensions_filters_http_grpc_stats_v3_config,
  file_envoy_extensions_network_dns_resolver_cares_v3_cares_dns_resolver,
  file_envoy_extensions_request_id_uuid_v3_uuid,
  file_envoy_extensions_access_loggers_stream_v3_stream,
  file_envoy_extensions_filters_http_rbac_v3_rbac,
  file_envoy_extensions_filters_http_router_v3_router,
  file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector,
  file_envoy_extensions_filters_listener_original_dst_v3_original_dst,
  file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector,
  file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager,
  file_envoy_extensions_filters_network_rbac_v3_rbac,
  file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy,
  file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts,
  file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer,
  file_envoy_extensions_transport_sockets_tls_v3_secret,
  file_envoy_extensions_transport_sockets_tls_v3_tls,
  file_envoy_extensions_upstreams_http_v3_http_protocol_options,
);

const schemas: Readonly<Record<ResourceType | "bootstrap", DescMessage>> = {
  bootstrap: BootstrapSchema,
  secret: SecretSchema,
  cluster: ClusterSchema,
  endpoints: ClusterLoadAssignmentSchema,
  listener: ListenerSchema,
  routes: RouteConfigurationSchema,
};

/** A resource's bytes; throws where the JSON is none of this type's. The same JSON always gives the same bytes. */
export const encoded = (type: ResourceType, message: unknown): Uint8Array =>
  type === "routes"
    ? encodedRoutes(message as Routes)
    : toBinary(schemas[type], fromJson(schemas[type], message as JsonValue, { registry }));

const hosts = new WeakMap<object, Uint8Array>();
const hostsField = RouteConfigurationSchema.field.virtualHosts.number;

/** Tables of routes are made of virtual hosts that many tables share: each is encoded once. A message's fields may stand in any order. */
const encodedRoutes = ({ virtualHosts = [], ...table }: Routes): Uint8Array => {
  const writer = new BinaryWriter();
  writer.raw(toBinary(RouteConfigurationSchema, fromJson(RouteConfigurationSchema, table as JsonValue, { registry })));
  for (const host of virtualHosts) {
    const known =
      hosts.get(host) ?? toBinary(VirtualHostSchema, fromJson(VirtualHostSchema, host as JsonValue, { registry }));
    hosts.set(host, known);
    writer.tag(hostsField, WireType.LengthDelimited).bytes(known);
  }
  return writer.finish();
};

/** The JSON of a resource, as `encoded` takes it. */
export const decoded = (type: ResourceType, bytes: Uint8Array): unknown =>
  toJson(schemas[type], fromBinary(schemas[type], bytes), { registry });

/**
 * Protobuf's JSON in its one canonical spelling: Envoy prints field names as they stand in the definitions. Throws where it
 * is no message of the type; fields and extensions that the definitions do not know are left out and said.
 */
export const canonical = (type: ResourceType | "bootstrap", message: unknown): unknown =>
  toJson(schemas[type], fromJson(schemas[type], message as JsonValue, { registry }), { registry });
