import type { External } from "./external.ts";
import type { HttpServiceRef, SubsetHandle } from "./handles.ts";
import type { When } from "./match.ts";
import type { Refuse } from "./refuse.ts";
import type { Split } from "./split.ts";
import type { Duration } from "./units.ts";

export interface RouteIntent {
  /** Absent: every request. */
  readonly when?: When | readonly When[];
  readonly to: HttpServiceRef | SubsetHandle | Split | External;
  /** Until the whole response has arrived, retries included; absent or `"none"`: no limit, as Istio and Envoy have it for meshes. */
  readonly timeout?: Duration | "none";
  /** Absent: the platform's default retries. */
  readonly retries?: Retries | "none";
  readonly headers?: { readonly request?: HeaderEdits; readonly response?: HeaderEdits };
  readonly weights?: Refuse<"weights belong to a split: `to: split(reviews, { v1: 90, v2: 10 })`">;
  readonly mtls?: Refuse<"mTLS is decided by the callee for all its callers: write `mtls` beside `routes`">;
}

export interface Retries {
  /** Retries after the first attempt, at least 1. */
  readonly attempts: number;
  /** Limit of each attempt. */
  readonly perTry?: Duration;
  /** Absent: the platform's default conditions. A number is a response status. */
  readonly on?: readonly RetryCondition[];
}

/** Envoy's conditions (`x-envoy-retry-on` and `x-envoy-retry-grpc-on`), or a status. */
export type RetryCondition =
  | "5xx"
  | "gateway-error"
  | "reset"
  | "connect-failure"
  | "refused-stream"
  | "retriable-4xx"
  | "cancelled"
  | "deadline-exceeded"
  | "internal"
  | "resource-exhausted"
  | "unavailable"
  | number;

/** Removals first, then `set` (replaces every value), then `add` (one more value). A name stands in one of them only. */
export interface HeaderEdits {
  readonly set?: Readonly<Record<string, string>>;
  readonly add?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

export interface Route extends RouteIntent {
  readonly kind: "route";
}

/** One rule of an ordered list: the first whose `when` holds decides. */
export const route = (intent: RouteIntent): Route => ({ kind: "route", ...intent });
