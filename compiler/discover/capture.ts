import type { Workload } from "../../lib/graph/graph.ts";
import { below, refuseShape, report } from "./field.ts";
import type { PodManifest } from "./workloads.ts";

const prefix = "traffic.sidecar.istio.io/";

/** Annotations that move the border between proxy and application in ways that a list of ports cannot say. */
const unsaid: readonly {
  readonly field: string;
  readonly harmless: (value: string) => boolean;
  readonly effect: string;
}[] = [
  {
    field: `${prefix}includeOutboundIPRanges`,
    harmless: (value) => value === "*",
    effect: "lets calls to other addresses past the proxy",
  },
  {
    field: `${prefix}excludeOutboundIPRanges`,
    harmless: (value) => value === "",
    effect: "lets calls to some addresses past the proxy",
  },
  {
    field: `${prefix}excludeInterfaces`,
    harmless: (value) => value === "",
    effect: "lets some interfaces past the proxy",
  },
  { field: "sidecar.istio.io/interceptionMode", harmless: (value) => value !== "NONE", effect: "captures no traffic" },
];

/** The ports that a workload's proxy leaves alone, of those that are known. `inbound` are the ports that it serves. */
export const excludedPorts = (
  pod: PodManifest,
  proxy: Workload["proxy"],
  inbound: readonly number[],
): Workload["excludedPorts"] => {
  if (proxy !== "sidecar") return { inbound: [], outbound: [] };
  for (const { field, harmless, effect } of unsaid) {
    const value = pod.annotations[field]?.trim();
    if (value !== undefined && !harmless(value))
      report(below(pod.annotationsField, field), "MESH4020", { object: pod.manifest.root.object, field, effect });
  }
  const included = ports(pod, "includeInboundPorts");
  const notIncluded =
    included === undefined || included === "*" ? [] : inbound.filter((port) => !included.includes(port));
  const excluded = ports(pod, "excludeInboundPorts");
  const outbound = ports(pod, "excludeOutboundPorts");
  return {
    inbound: sorted([...notIncluded, ...(excluded === "*" ? [] : (excluded ?? []))]),
    outbound: sorted(outbound === "*" ? [] : (outbound ?? [])),
  };
};

const ports = (pod: PodManifest, name: string): readonly number[] | "*" | undefined => {
  const written = pod.annotations[prefix + name]?.trim();
  if (written === undefined || (written === "*" && name === "includeInboundPorts")) return written;
  const words = written.split(",").map((word) => word.trim());
  const numbers = words.filter((word) => word !== "").map((word) => (/^\d+$/.test(word) ? Number(word) : 0));
  if (numbers.every((port) => port >= 1 && port <= 65535)) return numbers;
  return refuseShape(below(pod.annotationsField, prefix + name), "port numbers with commas between them");
};

const sorted = (numbers: readonly number[]): readonly number[] => [...new Set(numbers)].sort((a, b) => a - b);
