import { carriesHttp } from "../../../lib/graph/protocol.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import { outcomeOf, type Flow, type Total } from "./flows.ts";

/** `cluster.outbound|9080|v1|reviews.bookinfo.svc.cluster.local.upstream_rq_200: 12` */
const counter =
  /^cluster\.outbound\|(\d+)\|([^|]*)\|(.+)\.(upstream_rq_\d{3}|upstream_cx_destroy|upstream_cx_connect_fail|ssl\.handshake): (\d+)$/;

interface Counted {
  readonly port: number;
  readonly subset: string;
  readonly host: string;
  readonly counts: Map<string, number>;
}

/**
 * What an Envoy's own counters (`/stats` as text) say of the calls that its workload makes. They count by cluster, not by who
 * answered: where a cluster has several workloads, the first stands for all.
 */
export const envoyTotals = (from: string, text: string, mesh: Mesh): readonly Total[] => {
  const clusters = new Map<string, Counted>();
  for (const line of text.split("\n")) {
    const [, port = "", subset = "", host = "", name = "", value] = counter.exec(line) ?? [];
    if (value === undefined) continue;
    const key = `${port}|${subset}|${host}`;
    const cluster = clusters.get(key) ?? { port: Number(port), subset, host, counts: new Map<string, number>() };
    clusters.set(key, cluster);
    cluster.counts.set(name, Number(value));
  }
  return [...clusters.values()].flatMap((cluster) => totalsOf(from, cluster, mesh));
};

const totalsOf = (from: string, { port, subset, host, counts }: Counted, mesh: Mesh): readonly Total[] => {
  const destination = lookup(mesh).destination(host);
  // Envoy counts some answers a second time, below the cluster's name: `HOST.external.upstream_rq_200`.
  if (destination === undefined) return [];
  const workloads =
    subset === "" ? destination.workloads : destination.subsets.find(({ name }) => name === subset)?.workloads;
  const protocol = destination.ports.find(({ number }) => number === port)?.protocol;
  const flow = {
    from,
    service: host,
    // A gateway's flows are of the port that it was asked at, which its clusters do not tell.
    port: lookup(mesh).workload(from)?.proxy === "gateway" ? undefined : port,
    to: workloads?.[0],
    mtls: (counts.get("ssl.handshake") ?? 0) > 0,
  } satisfies Omit<Flow, "outcome">;
  if (protocol === undefined || carriesHttp(protocol))
    return [...counts].flatMap(([name, count]) => {
      const status = /^upstream_rq_(\d{3})$/.exec(name)?.[1];
      return status === undefined ? [] : [{ ...flow, outcome: outcomeOf(Number(status)), count }];
    });
  const failed = counts.get("upstream_cx_connect_fail") ?? 0;
  return [
    // What could not connect is destroyed too.
    { ...flow, outcome: "answered", count: Math.max(0, (counts.get("upstream_cx_destroy") ?? 0) - failed) },
    { ...flow, outcome: "failed", count: failed },
  ];
};
