import { Places, outside } from "../../../compiler/preview/picture/places.ts";
import type { LiveEdge } from "../../../compiler/preview/page/live.ts";
import type { PictureEdge } from "../../../compiler/preview/page/picture.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import type { Measured } from "../../../runtime/local/traffic/traffic.ts";

/**
 * What is measured, on the edges of the mesh's picture. Istio's names for HTTP have no port: of two edges between the same
 * ends, the first one has all of it.
 */
export const liveEdges = (
  measured: readonly Measured[],
  edges: readonly PictureEdge[],
  mesh: Mesh,
): readonly LiveEdge[] => {
  const places = new Places([mesh]);
  const { destination, workload } = lookup(mesh);
  const found = new Map<number, Measured[]>();
  const put = (flow: Measured, isOn: (edge: PictureEdge) => boolean): void => {
    const index = edges.findIndex((edge) => isOn(edge) && (flow.port === undefined || flow.port === edge.port));
    if (index >= 0) found.set(index, [...(found.get(index) ?? []), flow]);
  };
  for (const flow of measured) {
    const caller = workload(flow.from);
    if (caller === undefined) continue;
    const from = places.node(caller.id, mesh);
    if (caller.proxy !== "gateway") {
      put(flow, (edge) => edge.from === from && edge.to === flow.service);
      continue;
    }
    // All that a gateway forwards came from outside; it names the host that it was asked for, not the service behind it.
    put({ ...flow, to: undefined }, (edge) => edge.from === outside && edge.to === from);
    const { to } = flow;
    if (to !== undefined)
      put(flow, (edge) => edge.from === from && (destination(edge.to)?.workloads.includes(to) ?? edge.to === to));
  }
  return [...found].map(([edge, flows]) => liveEdge(edge, flows, { edges, mesh })).toSorted((a, b) => a.edge - b.edge);
};

const liveEdge = (
  edge: number,
  flows: readonly Measured[],
  { edges, mesh }: { readonly edges: readonly PictureEdge[]; readonly mesh: Mesh },
): LiveEdge => {
  const drawn = edges[edge];
  const arrived = flows.filter(({ to }) => to !== undefined);
  const kinds = new Set(arrived.map(({ mtls }) => mtls));
  const known = kinds.size === 0 ? undefined : kinds.size > 1 ? "mixed" : kinds.has(true) ? "mutual" : "plain";
  const versions = Map.groupBy(arrived, ({ to = "" }) => version(to, drawn?.to ?? "", mesh));
  const all = sum(arrived);
  return {
    edge,
    perSecond: sum(flows),
    refused: sum(flows.filter(({ outcome }) => outcome === "refused")),
    failed: sum(flows.filter(({ outcome }) => outcome === "failed")),
    // TLS that a proxy begins towards something outside is none of the mesh's, and Istio's label does not tell of it.
    mtls: drawn?.mtls === "originated" ? "originated" : (known ?? drawn?.mtls ?? "plain"),
    split:
      versions.size < 2
        ? []
        : [...versions]
            .map(([label, some]) => ({ label, fraction: sum(some) / all }))
            .toSorted((a, b) => (a.label < b.label ? -1 : 1)),
  };
};

const sum = (flows: readonly Measured[]): number => flows.reduce((total, { perSecond }) => total + perSecond, 0);

/** What a workload is called where the traffic of its service is split: by the subset that it is in. */
const version = (workload: string, host: string, mesh: Mesh): string =>
  lookup(mesh)
    .destination(host)
    ?.subsets.find(({ workloads }) => workloads.includes(workload))?.name ??
  lookup(mesh).workload(workload)?.name ??
  workload;
