import type {
  GatewayHandle,
  HttpServiceRef,
  NamespaceHandle,
  SubsetHandle,
  TcpServiceHandle,
  WorkloadHandle,
} from "./handles.ts";
import type { PathCondition } from "./match.ts";
import type { Refuse } from "./refuse.ts";
import type { Method } from "./units.ts";

/**
 * Who calls, as a proven identity: all workloads of a service, one workload, a gateway, a whole namespace.
 * `"authenticated"`: any identity; `"anyone"`: also callers without one.
 */
export type Caller =
  | HttpServiceRef
  | TcpServiceHandle
  | SubsetHandle
  | WorkloadHandle
  | GatewayHandle
  | NamespaceHandle
  | "authenticated"
  | "anyone";

/** What a TCP service can be told of a caller. */
export interface ConnectionGrant {
  readonly from: Caller | readonly Caller[];
  readonly methods?: Refuse<"this service speaks no HTTP: authorize by caller only">;
  readonly paths?: Refuse<"this service speaks no HTTP: authorize by caller only">;
  readonly to?: Refuse<"a grant speaks of its own policy's service: leave `to` out">;
}

export interface Grant {
  readonly from: Caller | readonly Caller[];
  /** Absent: every method. */
  readonly methods?: readonly Method[];
  /** Absent: every path. */
  readonly paths?: readonly PathCondition[];
  readonly to?: Refuse<"a grant speaks of its own policy's service: leave `to` out">;
}

export interface Allow extends Grant {
  readonly kind: "allow";
}

export interface Deny extends Grant {
  readonly kind: "deny";
}

export interface AllowConnection extends ConnectionGrant {
  readonly kind: "allow";
}

export interface DenyConnection extends ConnectionGrant {
  readonly kind: "deny";
}

/** Lets these callers do this. As soon as a service has an `allow`, everything that none allows is refused with 403. */
export const allow = <G extends Grant | ConnectionGrant>(grant: G): G & { readonly kind: "allow" } => ({
  kind: "allow",
  ...grant,
});

/** Refuses these callers this, whatever is allowed: deny is asked before allow. */
export const deny = <G extends Grant | ConnectionGrant>(grant: G): G & { readonly kind: "deny" } => ({
  kind: "deny",
  ...grant,
});

/** Two distinct words: `"anyone"` lets all in, `"nobody"` none. A list: these, and nobody else. */
export type Access<A = Allow> = "anyone" | "nobody" | readonly A[];
