import type { MeshWorkload } from "../../../lib/model/mesh.ts";
import type { ProxyConfiguration } from "../resource.ts";
import { gateway } from "./gateway.ts";
import { inbound } from "./inbound.ts";
import { listenerTold } from "./listeners.ts";
import { outbound } from "./outbound.ts";
import { nothingTold, proxyReading, type ProxyTold } from "./proxy.ts";
import type { Reading } from "./reading.ts";

/** One proxy's resources in the model's words. What clusters claim is checked later, against what other proxies take. */
export const proxyTold = (configuration: ProxyConfiguration, workload: MeshWorkload, reading: Reading): ProxyTold => {
  const proxy = proxyReading(configuration, workload, reading);
  const listeners = proxy.listeners.map((node) => listenerTold(node, proxy));
  const told: ProxyTold = { ...nothingTold(workload), instance: proxy.instance };
  if (workload.proxy === "gateway") return { ...told, ...gateway(listeners, proxy) };
  return {
    ...told,
    ...inbound(
      listeners.filter(({ isInbound }) => isInbound),
      proxy,
    ),
    ...outbound(
      listeners.filter(({ isInbound }) => !isInbound),
      proxy,
    ),
  };
};
