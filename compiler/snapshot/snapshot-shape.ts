import { idOf, type ServiceGraph } from "../../lib/graph/graph.ts";
import { picker } from "../../lib/graph/picked.ts";
import { isDnsLabel, isDnsSubdomain, isLabelValue } from "../../lib/graph/kubernetes-name.ts";
import { protocols } from "../../lib/graph/protocol.ts";
import { generator } from "./graph-files.ts";
import {
  count,
  either,
  flag,
  listOf,
  mapOf,
  object,
  oneOf,
  port,
  text,
  textThat,
  type Misshapen,
  type Shape,
} from "./shape.ts";

const dnsLabel = textThat(isDnsLabel, "a DNS label");
const dnsName = textThat(isDnsSubdomain, "a DNS name");
const labels = mapOf(textThat(isLabelValue, "a label's value"));
const workloadIds = listOf(textThat((id) => /^[^/]+\/[^/]+$/.test(id), "`namespace/name`"));

const namespace = object({ name: dnsLabel, labels });

const service = object({
  namespace: dnsLabel,
  name: dnsLabel,
  kind: oneOf(["cluster", "headless", "unselected", "external-name"]),
  ports: listOf(
    object({
      number: port,
      name: textThat((name) => name === "" || isDnsLabel(name), "empty or a DNS label"),
      protocol: oneOf([...protocols, "undeclared"]),
      target: either(port, text),
    }),
  ),
  selector: labels,
  source: text,
  workloads: workloadIds,
  subsets: listOf(object({ name: dnsLabel, labels, workloads: workloadIds })),
});

const workload = object({
  namespace: dnsLabel,
  name: dnsName,
  kind: oneOf(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"]),
  labels,
  serviceAccount: dnsName,
  ports: listOf(object({ number: port, name: text })),
  proxy: oneOf(["sidecar", "gateway", "none"]),
  excludedPorts: object({ inbound: listOf(port), outbound: listOf(port) }),
  source: text,
});

const version: Shape = (value) => (value === 1 ? undefined : { path: [], expected: "1" });

export const snapshotShape: Shape = object({
  generator: oneOf([generator]),
  version,
  options: object({ namespace: dnsLabel, subsetLabel: text }),
  graph: object({ namespaces: listOf(namespace), services: listOf(service), workloads: listOf(workload) }),
});

export const platformShape: Shape = object({
  generator: oneOf([generator]),
  version,
  platform: object({
    kind: oneOf(["istio"]),
    version: textThat((value) => /^\d+\.\d+\.\d+$/.test(value), "a release, as in 1.31.1"),
    revision: text,
    rootNamespace: dnsLabel,
    clusterDomain: dnsName,
    trustDomain: dnsName,
    trustDomainAliases: listOf(dnsName),
    outbound: oneOf(["registry-only", "allow-any"]),
    pathNormalization: oneOf(["none", "base", "merge-slashes", "decode-and-merge-slashes"]),
    defaultRetries: object({ attempts: count, on: listOf(text) }),
    autoMtls: flag,
  }),
});

/** What no shape can say: names that are there once, and references that lead somewhere. */
export const inconsistency = ({ namespaces, services, workloads }: ServiceGraph): Misshapen | undefined => {
  const known = new Set(workloads.map(idOf));
  const spaces = new Set(namespaces.map(({ name }) => name));
  const twice = (key: string, ids: readonly string[]): Misshapen | undefined => {
    const index = ids.findIndex((id, at) => at > 0 && id <= ids[at - 1]!);
    return index === -1
      ? undefined
      : { path: ["graph", key, index], expected: "listed once, after what comes before it in the alphabet" };
  };
  const outside = (key: string, all: readonly { readonly namespace: string }[]): Misshapen | undefined => {
    const index = all.findIndex((each) => !spaces.has(each.namespace));
    return index === -1 ? undefined : { path: ["graph", key, index, "namespace"], expected: "one of the namespaces" };
  };
  const order = (of: { readonly namespace: string; readonly name: string }): string => `${of.namespace}\0${of.name}`;
  const found =
    twice(
      "namespaces",
      namespaces.map(({ name }) => name),
    ) ??
    twice("services", services.map(order)) ??
    twice("workloads", workloads.map(order)) ??
    outside("services", services) ??
    outside("workloads", workloads);
  if (found) return found;
  const picked = picker(workloads);
  for (const [index, { namespace: home, kind, selector, workloads: behind, subsets }] of services.entries()) {
    const here = ["graph", "services", index];
    const isPicked = kind === "cluster" || kind === "headless";
    if (isPicked && Object.keys(selector).length === 0)
      return {
        path: [...here, "selector"],
        expected: "a selector: without one a rule would be laid on the whole namespace",
      };
    const lost = behind.findIndex((id) => !known.has(id));
    if (lost !== -1) return { path: ["graph", "services", index, "workloads", lost], expected: "one of the workloads" };
    // What a policy means is worked out from the list, what the platform does from the labels.
    if (isPicked && picked(home, selector).map(idOf).sort().join() !== [...behind].sort().join())
      return { path: [...here, "workloads"], expected: "the workloads that the selector picks" };
    for (const [at, subset] of subsets.entries()) {
      const stray = subset.workloads.findIndex((id) => !behind.includes(id));
      if (stray !== -1)
        return {
          path: ["graph", "services", index, "subsets", at, "workloads", stray],
          expected: "one of the service's workloads",
        };
    }
  }
  return undefined;
};
