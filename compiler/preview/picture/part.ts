import type { Protocol } from "../../../lib/graph/protocol.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Destination, DestinationPort, Mesh } from "../../../lib/model/mesh.ts";
import type { EdgeMarks } from "../page/picture.ts";
import type { Asked } from "./regions.ts";

/** Some of an edge's calls: those of one workload, or those of one share of a gateway's. */
export interface EdgePart {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** Said before what happens to them, where an edge has several. */
  readonly who: string;
  /** Of how many of these calls it is told, if not of all. */
  readonly share: string;
  readonly asked: () => Asked;
  /** How the caller's proxy speaks to the other end, where that is not what the end of a call tells. */
  readonly tls: EdgeMarks["mtls"];
  readonly isTlsKnown: boolean;
}

/** How a caller's proxy speaks to a destination, by what it knows of the callees. */
export const hopTls = ({ workloads }: Destination, { tls }: DestinationPort, mesh: Mesh): EdgeMarks["mtls"] => {
  if (tls.mode === "originate") return "originated";
  if (tls.mode === "plain" || !mesh.platform.autoMtls) return "plain";
  const uses = workloads.map((id) => {
    const workload = lookup(mesh).workload(id);
    return workload?.proxy === "sidecar" && lookup(mesh).mtls(workload).mode !== "disabled";
  });
  return uses.length === 0 || !uses.includes(true) ? "plain" : uses.includes(false) ? "mixed" : "mutual";
};

/** What protocols are called on an edge. */
export const protocolWords: Readonly<Record<Protocol, string>> = {
  http: "HTTP",
  http2: "HTTP/2",
  grpc: "gRPC",
  https: "HTTPS",
  tls: "TLS",
  tcp: "TCP",
  mongo: "MongoDB",
  mysql: "MySQL",
  redis: "Redis",
  udp: "UDP",
};
