/** Envoy's messages as protobuf's JSON, under the names that Envoy's documentation has for them. Types alone. */
export type { BootstrapJson as Bootstrap } from "./proto/generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
export type { ClusterJson as Cluster } from "./proto/generated/envoy/config/cluster/v3/cluster_pb.js";
export type { ClusterLoadAssignmentJson as Endpoints } from "./proto/generated/envoy/config/endpoint/v3/endpoint_pb.js";
export type { ListenerJson as Listener } from "./proto/generated/envoy/config/listener/v3/listener_pb.js";
export type { RouteConfigurationJson as Routes } from "./proto/generated/envoy/config/route/v3/route_pb.js";
