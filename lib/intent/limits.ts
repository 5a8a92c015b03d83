import type { Duration } from "./units.ts";

/** Until the whole response has arrived, retries included; absent or `"none"`: no limit, as Istio has it for meshes. */
export type Timeout = Duration | "none";

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
