import { randomMesh } from "../../golden/random/mesh.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import { rig as startedRig, type Rig } from "../rig/rig.ts";
import type { Verdicts } from "../suite.ts";

/** Istio's own defaults but for what the random meshes vary. Automatic mTLS is on, as everywhere. */
export const meshConfig = ({ outbound, pathNormalization }: Platform): string => `
rootNamespace: istio-system
trustDomain: cluster.local
enableAutoMtls: true
accessLogFile: ""
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

/** What is found out on a rig of its own, which is stopped however that ends. */
export const foundOnRig = async <T>(
  config: string,
  verdicts: Verdicts,
  found: (rig: Rig) => Promise<T>,
): Promise<T> => {
  const rig = await startedRig({ meshConfig: config });
  verdicts.say(`${config.trim().replace(/\s+/g, " ")}; logs in ${rig.directory}`);
  try {
    return await found(rig);
  } finally {
    await rig.stop();
  }
};

/** Nothing that was seen would mean much if requests had found a way around the proxies. */
export const judgeCapture = async (rig: Rig, verdicts: Verdicts): Promise<void> => {
  for (const pod of rig.workloads()) {
    if (pod.spec.kind !== "sidecar") continue;
    const { inbound, outbound } = await pod.captured();
    if (inbound + outbound === 0)
      verdicts.fail(pod.pod, `iptables captured ${outbound} outbound and ${inbound} inbound connections`);
    else verdicts.pass();
  }
};
