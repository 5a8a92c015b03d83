import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { fromBinary } from "@bufbuild/protobuf";
import { createHash } from "node:crypto";
import {
  Cluster_DiscoveryType,
  ClusterSchema,
} from "../../../targets/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js";
import { ListenerSchema } from "../../../targets/xds/proto/generated/envoy/config/listener/v3/listener_pb.js";
import { HttpConnectionManagerSchema } from "../../../targets/xds/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";

type References = (bytes: Uint8Array) => readonly string[];

/** What an Envoy would read anyway; proxies of one process read equal bytes once, so that they are not what is measured. */
const once = (read: References): References => {
  const known = new Map<string, readonly string[]>();
  return (bytes) => {
    const key = createHash("sha1").update(bytes).digest("base64");
    const found = known.get(key) ?? read(bytes);
    known.set(key, found);
    return found;
  };
};

/** The endpoints that a cluster waits for. */
export const endpointsOf = once((bytes) => {
  const { name, clusterDiscoveryType, edsClusterConfig } = fromBinary(ClusterSchema, bytes);
  const isEds = clusterDiscoveryType.case === "type" && clusterDiscoveryType.value === Cluster_DiscoveryType.EDS;
  return isEds ? [edsClusterConfig?.serviceName || name] : [];
});

/** The route tables that a listener asks for. */
export const routesOf = once((bytes) => {
  const { filterChains, defaultFilterChain } = fromBinary(ListenerSchema, bytes);
  return [...filterChains, ...(defaultFilterChain ? [defaultFilterChain] : [])].flatMap(({ filters }) =>
    filters.flatMap(({ configType }) => {
      if (configType.case !== "typedConfig") return [];
      const connection = anyUnpack(configType.value, HttpConnectionManagerSchema);
      return connection?.routeSpecifier.case === "rds" ? [connection.routeSpecifier.value.routeConfigName] : [];
    }),
  );
});
