import { idOf, selects, type Service, type ServicePort, type Subset, type Workload } from "../../lib/graph/graph.ts";
import { isDnsLabel } from "../../lib/graph/kubernetes-name.ts";
import { excludedPorts } from "./capture.ts";
import { below, report } from "./field.ts";
import type { ServiceManifest } from "./services.ts";
import { workloadPorts, type PodManifest } from "./workloads.ts";

/** The ports on which a workload is called: its containers' and those that services send to. */
export const servedPorts = (
  pod: PodManifest,
  proxy: Workload["proxy"],
  inNamespace: readonly ServiceManifest[],
): readonly number[] => {
  const targets = inNamespace
    .filter(({ service }) => selects(service.selector, pod.labels))
    .flatMap(({ service }) => service.ports.flatMap(({ target }) => (typeof target === "number" ? target : [])));
  return [...new Set([...workloadPorts(pod, proxy).map(({ number }) => number), ...targets])];
};

export const workloadOf = (pod: PodManifest, proxy: Workload["proxy"], served: readonly number[]): Workload => ({
  namespace: pod.manifest.namespace,
  name: pod.manifest.name,
  kind: pod.kind,
  labels: pod.labels,
  serviceAccount: pod.serviceAccount,
  ports: workloadPorts(pod, proxy),
  proxy,
  excludedPorts: excludedPorts(pod, proxy, served),
  source: pod.manifest.root.text.source,
});

/** A service together with the workloads behind it. */
export const linkedService = (
  found: ServiceManifest,
  inNamespace: readonly Workload[],
  subsetLabel: string,
): Service => {
  const { service, manifest } = found;
  const id = idOf(service);
  const behind =
    service.kind === "external-name"
      ? []
      : inNamespace
          .filter(({ labels }) => selects(service.selector, labels))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (behind.length === 0 && (service.kind === "cluster" || service.kind === "headless")) {
    const selector = Object.entries(service.selector).map(([key, value]) => `${key}=${value}`);
    report(below(below(manifest.root, "spec"), "selector"), "MESH4016", { service: id, selector: selector.join(",") });
  }
  for (const port of service.ports) checkTarget(found, port, behind);
  return { ...service, workloads: behind.map(idOf), subsets: subsets(found, behind, subsetLabel) };
};

/** Kubernetes resolves a name for each pod; the graph knows one number for all. */
const checkTarget = (
  { service, portFields }: ServiceManifest,
  { number, target }: ServicePort,
  behind: readonly Workload[],
): void => {
  if (typeof target === "number" || behind.length === 0) return;
  const numbers = behind.map(({ ports }) => ports.find(({ name }) => name === target)?.number);
  const without = behind.filter((_, index) => numbers[index] === undefined).map(idOf);
  const problem =
    without.length > 0
      ? `${without.join(", ")} ${without.length === 1 ? "has" : "have"} none of that name`
      : new Set(numbers).size > 1
        ? `its workloads give that name to ${[...new Set(numbers)].join(" and ")}`
        : undefined;
  const field = portFields.get(number);
  if (problem !== undefined && field)
    report(below(field, "targetPort"), "MESH4013", { service: idOf(service), port: number, target, problem });
};

/** One for each value of the label. Values may hold what names may not: `v1.2` is addressed as `v1-2`, unless another is. */
const subsets = (
  { service, manifest }: ServiceManifest,
  behind: readonly Workload[],
  label: string,
): readonly Subset[] => {
  const byValue = Map.groupBy(behind, ({ labels }) => labels[label] ?? "");
  byValue.delete("");
  const names = new Map<string, string>([...byValue.keys()].filter(isDnsLabel).map((value) => [value, value]));
  for (const value of [...byValue.keys()].sort()) {
    const name = value.toLowerCase().replace(/[^a-z0-9]/g, "-");
    const other = names.get(name);
    if (other === undefined) names.set(name, value);
    else if (other !== value) report(manifest.nameField, "MESH4022", { service: idOf(service), label, value, other });
  }
  return [...names]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, labels: { [label]: value }, workloads: (byValue.get(value) ?? []).map(idOf) }));
};
