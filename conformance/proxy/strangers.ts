import type { Laboratory } from "../laboratory/laboratory.ts";
import type { MeshProxies } from "../rig/mesh-proxy/mesh-proxy.ts";
import type { RigRequest } from "../rig/agent/protocol.ts";
import type { Rig } from "../rig/rig.ts";
import type { Workload } from "../rig/workload.ts";

/** What was dialled of ports that are for a proxy's own application alone. */
export interface Dialled {
  readonly dials: number;
  /** Where somebody else was answered. */
  readonly strangers: readonly string[];
  /** Where the application itself was, with the same request: else nobody would be, and that says nothing. */
  readonly applications: number;
}

/**
 * Ports for a proxy's own application are open at every address: whoever else was served there would speak as the
 * workload. Dials each of them at the pod's own address, from outside of the pod and from within.
 */
export const dialledByStrangers = async (rig: Rig<MeshProxies>, { bare }: Laboratory): Promise<Dialled> => {
  const all = rig.workloads().flatMap((pod) => requestsTo(pod, rig.plane));
  const outside = await bare.send(all.map(({ request }) => request));
  const within = await Promise.all(all.map(({ pod, request }) => pod.send([request])));
  return {
    dials: all.length,
    strangers: outside.flatMap((answer, index) => {
      const { pod, request } = all[index]!;
      return answer.kind === "response" ? [`port ${request.port} of ${pod.pod}: ${answer.status}`] : [];
    }),
    applications: within.filter(([answer]) => answer?.kind === "response").length,
  };
};

const requestsTo = (
  pod: Workload,
  plane: MeshProxies,
): readonly { readonly pod: Workload; readonly request: RigRequest }[] => {
  if (pod.spec.kind !== "sidecar") return [];
  const { listeners } = plane.told(pod);
  const taken = new Set(listeners.flatMap((one) => (one.kind === "inbound" ? [one.port] : [])));
  return listeners.flatMap((one) => {
    if (one.kind !== "outbound-http" || taken.has(one.port)) return [];
    const [host = ""] = Object.keys(one.hosts.exact);
    const headers = [["host", host]] as const;
    const request = { to: pod.address, port: one.port, method: "GET", target: "/", headers, fresh: true };
    return [{ pod, request }];
  });
};
