/** What the process that asks at a constant rate and whoever measures say to each other. */

/** Kept alive, by all that make load. */
export const connections = 32;

export interface Asked {
  readonly port: number;
  /** One request, as it is sent. */
  readonly request: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/** In milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  /** How late requests were sent although a connection was free: what the process itself adds. */
  readonly ownP50: number;
  readonly ownP99: number;
  readonly requests: number;
}

export type Said =
  { readonly kind: "measured"; readonly latencies: Latencies } | { readonly kind: "failed"; readonly why: string };
