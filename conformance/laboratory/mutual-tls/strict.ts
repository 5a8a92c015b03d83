import { carriesHttp } from "../../../lib/graph/protocol.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh, MeshWorkload, MtlsRule } from "../../../lib/model/mesh.ts";
import type { Workload } from "../../rig/workload.ts";
import type { Laboratory } from "../laboratory.ts";

/** A workload behind a sidecar, and where it can be dialled. */
export interface Callee {
  readonly workload: MeshWorkload;
  readonly pod: Workload;
  /** Where its application listens and its proxy takes what arrives, with or without a service that speaks of it. */
  readonly ports: readonly { readonly number: number; readonly protocol: "http" | "tcp" }[];
  /** One port that is declared to carry HTTP. */
  readonly http: number | undefined;
}

/** Those whose mTLS is in this mode. */
export const callees = (mesh: Mesh, mode: MtlsRule["mode"], lab: Laboratory): readonly Callee[] =>
  mesh.workloads.flatMap((workload): readonly Callee[] => {
    if (workload.proxy !== "sidecar" || lookup(mesh).mtls(workload).mode !== mode) return [];
    const pod = lab.pod(workload.id);
    const excluded = new Set(workload.excludedPorts.inbound);
    const ports = pod.spec.ports.flatMap(({ number, protocol }) =>
      excluded.has(number) || protocol === "https" ? [] : [{ number, protocol }],
    );
    const http = workload.ports.find(({ number, protocol }) => carriesHttp(protocol) && !excluded.has(number))?.number;
    return [{ workload, pod, ports, http }];
  });
