import type { Labels, Workload, WorkloadKind, WorkloadPort } from "../../lib/graph/graph.ts";
import { isDnsSubdomain } from "../../lib/graph/kubernetes-name.ts";
import {
  below,
  flagOf,
  isSet,
  itemsOf,
  labelsOf,
  portOf,
  refuseShape,
  report,
  section,
  textOf,
  textsOf,
  wordsOf,
  type Field,
} from "./field.ts";
import type { Manifest } from "./manifest.ts";

/** Where a workload's pods are described. */
const podPaths: Readonly<Record<WorkloadKind, readonly string[]>> = {
  Deployment: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
  Pod: [],
};

export const isWorkloadKind = (kind: string): kind is WorkloadKind => Object.hasOwn(podPaths, kind);

/** A workload's pods, as far as a mesh asks. */
export interface PodManifest {
  readonly manifest: Manifest;
  readonly kind: WorkloadKind;
  readonly id: string;
  readonly labels: Labels;
  readonly labelsField: Field;
  readonly annotations: Labels;
  readonly annotationsField: Field;
  readonly hostNetwork: boolean;
  readonly serviceAccount: string;
  readonly containers: readonly Container[];
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly ports: readonly WorkloadPort[];
}

export const podManifest = (manifest: Manifest, kind: WorkloadKind): PodManifest | undefined => {
  const pod = section(manifest.root, ...podPaths[kind]);
  const metadata = pod && section(pod, "metadata");
  const spec = pod && section(pod, "spec");
  if (metadata === undefined || spec === undefined) return undefined;
  if (!isSet(spec)) return refuseShape(spec, "a mapping");
  const labelsField = below(metadata, "labels");
  const annotationsField = below(metadata, "annotations");
  const containersField = below(spec, "containers");
  const containers = itemsOf(containersField).flatMap((field) => container(field) ?? []);
  if (!isSet(containersField)) refuseShape(containersField, "a list");
  // A sidecar of Kubernetes' own kind: a container that is started first and stays.
  const staying = itemsOf(below(spec, "initContainers")).filter((field) => {
    const policy = below(field, "restartPolicy").node;
    return policy?.kind === "scalar" && policy.value === "Always";
  });
  return {
    manifest,
    kind,
    id: `${manifest.namespace}/${manifest.name}`,
    labels: labelsOf(labelsField),
    labelsField,
    annotations: textsOf(annotationsField),
    annotationsField,
    hostNetwork: flagOf(below(spec, "hostNetwork")) ?? false,
    serviceAccount: serviceAccount(spec),
    containers: [...containers, ...staying.flatMap((field) => container(field) ?? [])],
  };
};

const serviceAccount = (spec: Field): string => {
  const field = isSet(below(spec, "serviceAccountName"))
    ? below(spec, "serviceAccountName")
    : below(spec, "serviceAccount");
  const name = textOf(field) ?? "";
  if (name !== "" && !isDnsSubdomain(name))
    report(field, "MESH4010", { what: "a service account", name, rule: "a DNS name in lower case" });
  return name === "" ? "default" : name;
};

const container = (field: Field): Container | undefined => {
  if (field.node?.kind !== "map") return refuseShape(field, "a mapping");
  return {
    name: textOf(below(field, "name")) ?? "",
    image: textOf(below(field, "image")) ?? "",
    args: [...wordsOf(below(field, "command")), ...wordsOf(below(field, "args"))],
    ports: itemsOf(below(field, "ports")).flatMap((port) => containerPort(port) ?? []),
  };
};

const containerPort = (field: Field): WorkloadPort | undefined => {
  if (field.node?.kind !== "map") return refuseShape(field, "a mapping");
  const numberField = below(field, "containerPort");
  const number = portOf(numberField);
  if (number === undefined) return isSet(numberField) ? undefined : refuseShape(numberField, "a port number");
  return { number, name: textOf(below(field, "name")) ?? "" };
};

/** Each once, by number and name: two containers of a pod cannot share a port, but TCP and UDP can. */
export const workloadPorts = (pod: PodManifest, proxy: Workload["proxy"]): readonly WorkloadPort[] => {
  const containers = proxy === "sidecar" ? pod.containers.filter(({ name }) => name !== "istio-proxy") : pod.containers;
  const ports = new Map(
    containers.flatMap(({ ports }) => ports.map((port) => [`${port.number}/${port.name}`, port] as const)),
  );
  return [...ports.values()].sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1));
};
