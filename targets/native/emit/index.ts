import type { Instance, Placement } from "../../../lib/graph/placement.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import type { Listener, ProxyConfig } from "../config.ts";
import { clusters } from "./clusters.ts";
import { gatewayPorts, inbound } from "./inbound.ts";
import { outbound, type Proxy } from "./outbound.ts";

/** What one copy's proxy is told. Throws for a workload without a proxy: a bug of whoever asks. */
export const proxyConfig = (
  mesh: Mesh,
  workload: MeshWorkload,
  instance: Instance,
  placement: Placement,
): ProxyConfig => {
  if (workload.proxy === "none") throw new Error(`${workload.id} has no proxy`);
  const proxy: Proxy = { mesh, workload, instance, placement };
  const listeners = workload.proxy === "gateway" ? gateway(proxy) : [...outbound(proxy), ...inbound(proxy)];
  return {
    version: 1,
    workload: workload.id,
    identity: workload.identity,
    trustDomain: mesh.platform.trustDomain,
    pathNormalization: mesh.platform.pathNormalization,
    listeners,
    clusters: clusters(listeners, mesh, placement),
  };
};

const gateway = (proxy: Proxy): readonly Listener[] => {
  const told = lookup(proxy.mesh).gateway(proxy.workload.id);
  return told === undefined ? [] : gatewayPorts(told, proxy);
};
