// Written by `mesh-compile graph sync`; do not edit.
import type { HttpServiceHandle, NamespaceHandle, WorkloadHandle } from "meshwright";

/** The namespace greeter. */
export const namespace: NamespaceHandle = { $kind: "namespace", $id: "greeter" };

/** greeter: 80 "http" http; subsets v1, v2; workloads greeter-v1, greeter-v2. */
export const greeter: HttpServiceHandle<"v1" | "v2"> = {
  $kind: "service",
  $id: "greeter/greeter",
  $subsets: ["v1", "v2"],
  v1: { $kind: "subset", $service: "greeter/greeter", $subset: "v1" },
  v2: { $kind: "subset", $service: "greeter/greeter", $subset: "v2" },
};

/** By the names that they have in the cluster. */
export const workloads: {
  /** Deployment, runs as caller. */
  readonly "caller": WorkloadHandle;
  /** Deployment, runs as greeter. */
  readonly "greeter-v1": WorkloadHandle;
  /** Deployment, runs as greeter. */
  readonly "greeter-v2": WorkloadHandle;
} = {
  "caller": { $kind: "workload", $id: "greeter/caller" },
  "greeter-v1": { $kind: "workload", $id: "greeter/greeter-v1" },
  "greeter-v2": { $kind: "workload", $id: "greeter/greeter-v2" },
};
