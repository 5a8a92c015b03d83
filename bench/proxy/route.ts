import type { Backend } from "./backend.ts";
import type { Security } from "./cases.ts";

export const clusterName = (backend: Backend, security: Security): string => `${backend}.${security}||80`;

/** Of every route, in ours and in Envoy. */
export const timeoutMs = 15_000;

/** Istio's own default policy, with the conditions in Envoy's words. */
export const retried = {
  attempts: 2,
  on: ["cancelled", "connect-failure", "refused-stream", "retriable-status-codes", "unavailable"],
  statuses: [503],
} as const;
