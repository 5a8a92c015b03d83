import { randomMesh } from "../../golden/random/mesh.ts";
import type { Platform } from "../../lib/graph/platform.ts";

/**
 * Istio's own defaults but for what the random meshes vary; proxies write a line of `accessLogFormat` (Envoy's) for each call where
 * there is one. Automatic mTLS is on, as everywhere.
 */
export const meshConfig = ({ outbound, pathNormalization }: Platform, accessLogFormat?: string): string => `
rootNamespace: istio-system
trustDomain: cluster.local
enableAutoMtls: true
accessLogFile: ${accessLogFormat === undefined ? '""' : "/dev/stdout"}
accessLogFormat: ${JSON.stringify(accessLogFormat ?? "")}
outboundTrafficPolicy:
  mode: ${outbound === "allow-any" ? "ALLOW_ANY" : "REGISTRY_ONLY"}
pathNormalization:
  normalization: ${pathNormalization.toUpperCase().replaceAll("-", "_")}
defaultConfig:
  discoveryAddress: istiod.istio-system.svc:15012
`;

/** One istiod runs under one mesh config, so the seeds of random meshes are sorted by what it says; `known` come first. */
export const seedsByMeshConfig = (
  seeds: readonly number[],
  known: readonly string[] = [],
): ReadonlyMap<string, readonly number[]> => {
  const byConfig = new Map<string, number[]>(known.map((config) => [config, []]));
  for (const seed of seeds) {
    const config = meshConfig(randomMesh(seed).platform);
    byConfig.set(config, [...(byConfig.get(config) ?? []), seed]);
  }
  return byConfig;
};
