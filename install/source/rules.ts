import { leaseName } from "../../runtime/gitops/spec/lease-name.ts";

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** All when absent. */
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** A server-side apply of what is not there needs `create` beside `patch`; looks at what is foreign need `get`, drift `watch`. */
const owned = ["get", "list", "watch", "create", "patch", "delete"];

/** In all namespaces: what a mesh is written as. */
export const clusterRules: readonly Rule[] = [
  {
    apiGroups: ["networking.istio.io"],
    resources: ["destinationrules", "gateways", "serviceentries", "sidecars", "virtualservices"],
    verbs: owned,
  },
  { apiGroups: ["security.istio.io"], resources: ["authorizationpolicies", "peerauthentications"], verbs: owned },
];

/**
 * In its own namespace: what it is told, and where it tells, for the MeshSync of this name. A token for the repository is a mounted
 * file, so that it reads no Secrets.
 */
export const namespaceRules = (meshSync: string): readonly Rule[] => [
  // It is followed; its labels and annotations are the inventory; it is made by whoever installs.
  { apiGroups: ["meshwright.dev"], resources: ["meshsyncs"], verbs: ["get", "list", "watch", "patch"] },
  { apiGroups: ["meshwright.dev"], resources: ["meshsyncs/status"], verbs: ["patch"] },
  // Others' decide who leads elsewhere; what is yet to be made has no name to be narrowed to.
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    resourceNames: [leaseName(meshSync)],
    verbs: ["get", "update"],
  },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
];

/**
 * In Istio's root namespace: the one EnvoyFilter by whose change it is seen that every proxy has a step, and which changes nothing of
 * any. Without istiod's address none is written.
 */
export const rootRules = (marker: string): readonly Rule[] => [
  {
    apiGroups: ["networking.istio.io"],
    resources: ["envoyfilters"],
    resourceNames: [marker],
    verbs: ["create", "patch"],
  },
];
