import type { Protocol } from "./protocol.ts";

/**
 * What exists, in no platform's words: who serves what, who runs as whom. It holds no addresses of endpoints, so a
 * restarted pod changes nothing here. Every list is sorted by namespace, then name: equal graphs have equal bytes.
 */
export interface ServiceGraph {
  readonly namespaces: readonly Namespace[];
  readonly services: readonly Service[];
  readonly workloads: readonly Workload[];
}

export interface Namespace {
  readonly name: string;
  readonly labels: Labels;
}

export interface Service {
  readonly namespace: string;
  readonly name: string;
  /** `headless` resolves to its pods' addresses; `unselected` has endpoints that the graph cannot know. */
  readonly kind: "cluster" | "headless" | "unselected" | "external-name";
  readonly ports: readonly ServicePort[];
  readonly selector: Labels;
  /** The workloads whose pods the selector picks, as `namespace/name`. */
  readonly workloads: readonly WorkloadId[];
  /** Groups of those workloads that a route can address, by name. */
  readonly subsets: readonly Subset[];
  /** The manifest that it came from, named alike on every machine: by its path below the current folder, or within the input. */
  readonly source: string;
}

export interface ServicePort {
  readonly number: number;
  readonly name: string;
  /** `undeclared`: neither `appProtocol` nor the port's name says what it speaks. */
  readonly protocol: Protocol | "undeclared";
  /** The workload's port: a number, or the name of a container port. */
  readonly target: number | string;
}

export interface Subset {
  /** The label's value as a DNS label: `V1.2` is `v1-2`. */
  readonly name: string;
  readonly labels: Labels;
  readonly workloads: readonly WorkloadId[];
}

export interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly kind: WorkloadKind;
  /** The pods' labels. */
  readonly labels: Labels;
  readonly serviceAccount: string;
  readonly ports: readonly WorkloadPort[];
  /** `sidecar`: a proxy of its own beside each pod; `gateway`: it is a proxy; `none`: outside the mesh. */
  readonly proxy: "sidecar" | "gateway" | "none";
  /** Ports that the proxy leaves alone, in either direction. */
  readonly excludedPorts: { readonly inbound: readonly number[]; readonly outbound: readonly number[] };
  readonly source: string;
}

export interface WorkloadPort {
  readonly number: number;
  readonly name: string;
}

export type WorkloadKind = "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "CronJob" | "Pod";
export type Labels = Readonly<Record<string, string>>;
/** `namespace/name`. */
export type WorkloadId = string;
/** `namespace/name`. */
export type ServiceId = string;

export const idOf = (of: { readonly namespace: string; readonly name: string }): string => `${of.namespace}/${of.name}`;

/** Whether a selector picks these labels. An empty selector picks nothing, as for a Kubernetes Service. */
export const selects = (selector: Labels, labels: Labels): boolean => {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
};
