import type { RigRequest, RigResponse, ServedPort, TcpAnswer, TcpCall } from "./agent/protocol.ts";
import type { Captured } from "./network.ts";
import type { Child } from "./process.ts";
/** A pod to start. */
export interface WorkloadSpec {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `default` when absent. */
  readonly serviceAccount?: string;
  /** Where an echo listens; a gateway's ports are its proxy's, so only its Services speak of them: list them for named target ports. */
  readonly ports: readonly ServedPort[];
  /** `sidecar`: a proxy with capture; `gateway`: a proxy without; `none`: no proxy, in the mesh's network or outside of it as you see it. */
  readonly kind: "sidecar" | "gateway" | "none";
  /** Names that its https ports answer for; the run's web authority, which all pods trust, signs them. */
  readonly tlsNames?: readonly string[];
  /** False for a place that Kubernetes knows nothing of; true when absent. */
  readonly inCluster?: boolean;
}

/** A pod by name, before it has a place on the network. */
export interface Pod {
  readonly spec: WorkloadSpec;
  /** Its own among all pods of a run. */
  readonly pod: string;
}

/** A pod with a place on the network, as others may hear of it. */
export interface PlacedPod extends Pod {
  readonly address: string;
}

/** A running pod. */
export interface Workload extends PlacedPod {
  /** Its proxy in the words of its control plane; undefined without a proxy. */
  readonly proxy: string | undefined;
  /** Sends requests from inside the pod as its application; responses in the order of the requests. At most `concurrency` (16) at a time. */
  readonly send: (
    requests: readonly RigRequest[],
    options?: { readonly concurrency?: number },
  ) => Promise<readonly RigResponse[]>;
  readonly sendTcp: (calls: readonly TcpCall[]) => Promise<readonly TcpAnswer[]>;
  /** How often each `x-rig-id` arrived here. */
  readonly attempts: () => Promise<Readonly<Record<string, number>>>;
  readonly forgetAttempts: () => Promise<void>;
  /** Connections captured by iptables so far; zeros where nothing captures. */
  readonly captured: () => Promise<Captured>;
  /** The proxy's admin interface; throws where there is no proxy. */
  readonly admin: (path: string, method?: "GET" | "POST") => Promise<string>;
  /** Of an Envoy. */
  readonly configDump: () => Promise<unknown>;
  /** Of its proxy; undefined without one. */
  readonly process: Child | undefined;
  readonly stop: () => Promise<void>;
}

/** Where a proxy's admin interface listens, on the pod's loopback: every bootstrap must say so, for the rig asks there. */
export const adminPort = 15000;

/** The identity that a pod proves in the mesh of a rig, of either control plane. */
export const spiffeId = ({ namespace, serviceAccount = "default" }: WorkloadSpec): string =>
  `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;

export const trustDomain = "cluster.local";
