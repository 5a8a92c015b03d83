import type { HeaderEdits, RetryPolicy } from "../../../lib/model/route.ts";
import type { SpiffeId } from "../../../lib/model/selector.ts";
import type { ClusterName } from "../../../targets/native/config.ts";
import type { RequestHead } from "../http1/head.ts";
import type { Pool } from "../upstream/pool.ts";
import type { Upstream } from "../upstream/clusters.ts";

/** Who sent a request, and where it arrived. */
export interface Peer {
  /** Undefined: no identity was proven. */
  readonly identity: SpiffeId | undefined;
  readonly address: string;
  /** What the caller dialled, where that is not this proxy. */
  readonly dialled: { readonly address: string; readonly port: number };
}

/** Why a proxy answers on its own: words of the access log. */
export type Reason =
  | "direct-response"
  | "denied"
  | "not-allowed"
  | "unknown-host"
  | "no-route"
  | "no-workload"
  | "malformed"
  | "overflow"
  | "connect-failure"
  | "connect-timeout"
  | "reset"
  | "malformed-response"
  | "timeout";

export interface Answer {
  readonly kind: "answer";
  readonly status: number;
  readonly reason: Reason;
  /** For metrics and logs, where a route responds. */
  readonly service?: string;
  /** In a route's own words; absent: in those that the proxy has for the reason. */
  readonly body?: string;
  /** Of the route that would have been taken; none when absent. */
  readonly responseHeaders?: HeaderEdits;
}

/** How a request goes on. */
export interface Forward {
  readonly kind: "forward";
  /** For metrics and logs: the destination, or the proxy's own application. */
  readonly service: string;
  readonly cluster: ClusterName;
  /** One endpoint for one attempt, none of those tried if there are others; undefined where nobody stands behind it. */
  readonly upstream: (tried: ReadonlySet<Pool> | undefined) => Upstream | undefined;
  /** As it is forwarded: in the form in which it was judged. */
  readonly target: string;
  readonly timeout: number | "none";
  readonly retries: RetryPolicy | "none";
  readonly requestHeaders: HeaderEdits;
  readonly responseHeaders: HeaderEdits;
}

export type Ruling = Answer | Forward;

/** A place at which requests arrive. What it rules may change between two requests of one connection, never within one. */
export interface Site {
  readonly role: "outbound" | "inbound" | "gateway";
  readonly ruled: (head: RequestHead, peer: Peer) => Ruling;
}
