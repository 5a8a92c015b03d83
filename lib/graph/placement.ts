import type { ServiceId, WorkloadId } from "./graph.ts";

/** Where things run: what the graph leaves out on purpose, because it changes with every restart, and proxies must know. */
export interface Placement {
  /** The running copies of each workload. */
  readonly instances: Readonly<Record<WorkloadId, readonly Instance[]>>;
  /** Addresses of services themselves (virtual IPs), for callers whose connections are captured. */
  readonly addresses: Readonly<Record<ServiceId, readonly string[]>>;
}

export interface Instance {
  readonly address: string;
  /** Where others reach the workload's ports, if not under their own numbers: with a proxy, where that listens. */
  readonly ports?: Readonly<Record<number, number>>;
  /** Present where nothing captures connections: applications dial their proxy, and it dials them, on these ports. */
  readonly loopback?: LoopbackPorts;
}

/** Ports of one instance that only its own machine reaches, at 127.0.0.1: whoever reached them would speak as the workload. */
export interface LoopbackPorts {
  /** Where the application itself listens, by the workload's port. */
  readonly applications: Readonly<Record<number, number>>;
  /**
   * Where the proxy listens for calls of the application: by a service's port for all services that speak HTTP on it, by
   * `SERVICE.NAMESPACE:PORT` for one that does not.
   */
  readonly services: Readonly<Record<string, number>>;
}

/** Nothing runs anywhere that anybody knows of. */
export const nowhere: Placement = { instances: {}, addresses: {} };
