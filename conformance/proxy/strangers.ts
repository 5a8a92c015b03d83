import type { Laboratory } from "../laboratory/laboratory.ts";
import type { MeshProxies } from "../rig/mesh-proxy/mesh-proxy.ts";
import type { RigRequest } from "../rig/agent/protocol.ts";
import type { Rig } from "../rig/rig.ts";

/**
 * Ports for a proxy's own application are open at every address: whoever else was served there would speak as the workload.
 * Dials each of them from outside of the pod, for each host that it leads to; tells who was answered.
 */
export const strangersServed = async (
  rig: Rig<MeshProxies>,
  lab: Laboratory,
): Promise<{ readonly dials: number; readonly served: readonly string[] }> => {
  const requests = rig.workloads().flatMap((pod) => {
    if (pod.spec.kind !== "sidecar") return [];
    const { listeners } = rig.plane.told(pod);
    const inbound = new Set(listeners.flatMap((one) => (one.kind === "inbound" ? [one.port] : [])));
    return listeners.flatMap((one): readonly RigRequest[] => {
      if (one.kind !== "outbound-http" || inbound.has(one.port)) return [];
      const [host = "nobody.example.org"] = Object.keys(one.hosts.exact);
      const headers = [["host", host]] as const;
      return [{ to: pod.address, port: one.port, method: "GET", target: "/", headers, fresh: true, timeoutMs: 3000 }];
    });
  });
  const answers = await lab.bare.send(requests);
  return {
    dials: requests.length,
    served: answers.flatMap((answer, index) => {
      const { to, port, headers } = requests[index]!;
      return answer.kind === "response" ? [`${to}:${port} as ${headers[0]?.[1]}: ${answer.status}`] : [];
    }),
  };
};
