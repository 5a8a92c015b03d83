import type { Labels, WorkloadId } from "../graph/graph.ts";

/** A fully qualified host name: `reviews.shop.svc.cluster.local`, or an external one. */
export type Host = string;
/** `spiffe://trust-domain/ns/namespace/sa/account`. */
export type SpiffeId = string;

/** Of which workloads a rule speaks. */
export type Selector =
  { readonly kind: "mesh" } | { readonly kind: "namespace"; readonly namespace: string } | WorkloadsSelector;

export interface WorkloadsSelector {
  readonly kind: "workloads";
  readonly namespace: string;
  /** Picks exactly `workloads` within the namespace. */
  readonly labels: Labels;
  readonly workloads: readonly WorkloadId[];
  /** A name for the group, unique in its namespace: the service's, or the workload's with `.workload`, which no service's can end in. */
  readonly name: string;
}
