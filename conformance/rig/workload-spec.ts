import type { ServedPort } from "./agent/protocol.ts";

/** A pod to start. */
export interface WorkloadSpec {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `default` when absent. */
  readonly serviceAccount?: string;
  /** Where an echo listens; a gateway's ports are its Envoy's, so only its Services speak of them: list them for named target ports. */
  readonly ports: readonly ServedPort[];
  /** `sidecar`: an Envoy with capture; `gateway`: an Envoy without; `none`: no proxy, in the mesh's network or outside of it as you see it. */
  readonly kind: "sidecar" | "gateway" | "none";
  /** Names that its https ports answer for; the run's web authority, which all pods trust, signs them. */
  readonly tlsNames?: readonly string[];
  /** False for a place that Kubernetes knows nothing of; true when absent. */
  readonly inCluster?: boolean;
}
