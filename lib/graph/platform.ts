/**
 * What the platform decides, as data beside the graph: the meaning of a mesh depends on every line of it.
 * Snapshotted from the control plane's own configuration by `graph sync`; what that does not say is its documented default.
 */
export interface Platform {
  readonly kind: "istio";
  /** Release whose defaults and schemas apply, `major.minor.patch`. */
  readonly version: string;
  readonly revision: string;
  /** Where mesh-wide configuration lives. */
  readonly rootNamespace: string;
  readonly clusterDomain: string;
  readonly trustDomain: string;
  readonly trustDomainAliases: readonly string[];
  /** What happens to a call that matches nothing in the caller's scope. */
  readonly outbound: "registry-only" | "allow-any";
  readonly pathNormalization: PathNormalization;
  /** Retries of a route that says nothing about them. */
  readonly defaultRetries: DefaultRetries;
  /** Whether a caller with a proxy uses mTLS towards a callee with a proxy unless told otherwise. */
  readonly autoMtls: boolean;
}

export type PathNormalization = "none" | "base" | "merge-slashes" | "decode-and-merge-slashes";

interface DefaultRetries {
  readonly attempts: number;
  readonly on: readonly string[];
}

/** Istio's defaults (`pkg/config/mesh/mesh.go` and `route/retry/retry.go` of the pinned release). */
export const defaultPlatform: Platform = {
  kind: "istio",
  version: "1.31.1",
  revision: "default",
  rootNamespace: "istio-system",
  clusterDomain: "cluster.local",
  trustDomain: "cluster.local",
  trustDomainAliases: [],
  outbound: "allow-any",
  pathNormalization: "base",
  defaultRetries: {
    attempts: 2,
    on: ["connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes"],
  },
  autoMtls: true,
};
