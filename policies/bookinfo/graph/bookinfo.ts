// Written by `mesh-compile graph sync`; do not edit.
import type { HttpServiceHandle, NamespaceHandle, WorkloadHandle } from "meshwright";

/** The namespace bookinfo. */
export const namespace: NamespaceHandle = { $kind: "namespace", $id: "bookinfo" };

/** details: 9080 "http" http; subsets v1; workload details-v1. */
export const details: HttpServiceHandle<"v1"> = {
  $kind: "service",
  $id: "bookinfo/details",
  $subsets: ["v1"],
  v1: { $kind: "subset", $service: "bookinfo/details", $subset: "v1" },
};

/** productpage: 9080 "http" http; subsets v1; workload productpage-v1. */
export const productpage: HttpServiceHandle<"v1"> = {
  $kind: "service",
  $id: "bookinfo/productpage",
  $subsets: ["v1"],
  v1: { $kind: "subset", $service: "bookinfo/productpage", $subset: "v1" },
};

/** ratings: 9080 "http" http; subsets v1; workload ratings-v1. */
export const ratings: HttpServiceHandle<"v1"> = {
  $kind: "service",
  $id: "bookinfo/ratings",
  $subsets: ["v1"],
  v1: { $kind: "subset", $service: "bookinfo/ratings", $subset: "v1" },
};

/** reviews: 9080 "http" http; subsets v1, v2, v3; workloads reviews-v1, reviews-v2, reviews-v3. */
export const reviews: HttpServiceHandle<"v1" | "v2" | "v3"> = {
  $kind: "service",
  $id: "bookinfo/reviews",
  $subsets: ["v1", "v2", "v3"],
  v1: { $kind: "subset", $service: "bookinfo/reviews", $subset: "v1" },
  v2: { $kind: "subset", $service: "bookinfo/reviews", $subset: "v2" },
  v3: { $kind: "subset", $service: "bookinfo/reviews", $subset: "v3" },
};

/** By the names that they have in the cluster. */
export const workloads: {
  /** Deployment, runs as bookinfo-details. */
  readonly "details-v1": WorkloadHandle;
  /** Deployment, runs as bookinfo-productpage. */
  readonly "productpage-v1": WorkloadHandle;
  /** Deployment, runs as bookinfo-ratings. */
  readonly "ratings-v1": WorkloadHandle;
  /** Deployment, runs as bookinfo-reviews. */
  readonly "reviews-v1": WorkloadHandle;
  /** Deployment, runs as bookinfo-reviews. */
  readonly "reviews-v2": WorkloadHandle;
  /** Deployment, runs as bookinfo-reviews. */
  readonly "reviews-v3": WorkloadHandle;
} = {
  "details-v1": { $kind: "workload", $id: "bookinfo/details-v1" },
  "productpage-v1": { $kind: "workload", $id: "bookinfo/productpage-v1" },
  "ratings-v1": { $kind: "workload", $id: "bookinfo/ratings-v1" },
  "reviews-v1": { $kind: "workload", $id: "bookinfo/reviews-v1" },
  "reviews-v2": { $kind: "workload", $id: "bookinfo/reviews-v2" },
  "reviews-v3": { $kind: "workload", $id: "bookinfo/reviews-v3" },
};
