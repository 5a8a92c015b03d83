// Written by `mesh-compile graph sync`; do not edit.
import type { GatewayHandle, HttpServiceHandle, NamespaceHandle } from "meshwright";

/** The namespace istio-ingress. */
export const namespace: NamespaceHandle = { $kind: "namespace", $id: "istio-ingress" };

/** istio-ingress: 80 "http2" http2; workload istio-ingress. */
export const istioIngress: HttpServiceHandle = {
  $kind: "service",
  $id: "istio-ingress/istio-ingress",
  $subsets: [],
};

/** By the names that they have in the cluster. */
export const gateways: {
  /** Deployment, runs as istio-ingress. */
  readonly "istio-ingress": GatewayHandle;
} = {
  "istio-ingress": { $kind: "gateway", $id: "istio-ingress/istio-ingress", $ports: [80] },
};
