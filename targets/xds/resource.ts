import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { WorkloadId } from "../../lib/graph/graph.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import type { Cluster, Endpoints, Listener, Routes } from "./messages.ts";

/**
 * What an Envoy asks for, in the order in which additions are safe: a listener's routes may name clusters, a cluster warms
 * only with its endpoints. Removals go the other way.
 */
export const resourceTypes = ["secret", "cluster", "endpoints", "listener", "routes"] as const;
export type ResourceType = (typeof resourceTypes)[number];

/** As discovery requests name them (Envoy, "xDS protocol", resource types). */
export const typeUrls: Readonly<Record<ResourceType, string>> = {
  secret: "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
  cluster: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
  endpoints: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
  listener: "type.googleapis.com/envoy.config.listener.v3.Listener",
  routes: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
};

/** One resource as protobuf's JSON, with what the author wrote that made it: a refusal is shown there. */
export interface Resource<Message> {
  readonly name: string;
  readonly message: Message;
  readonly origins: readonly Origin[];
}

/** All that one proxy is told; lists sorted by name. Secrets are no part of it: they belong to identities, not to a mesh. */
export interface ProxyResources {
  readonly cluster: readonly Resource<Cluster>[];
  readonly endpoints: readonly Resource<Endpoints>[];
  readonly listener: readonly Resource<Listener>[];
  readonly routes: readonly Resource<Routes>[];
}

/** What one proxy is told. */
export interface ProxyConfiguration {
  readonly workload: WorkloadId;
  /** Which copy of the workload: instances that share everything are told the same, under the name of the first. */
  readonly instance: string;
  readonly platform: Platform;
  readonly resources: ProxyResources;
}
