export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
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

/** In its own namespace: what it is told, and where it tells. A token for the repository is a mounted file, so that it reads no Secrets. */
export const namespaceRules: readonly Rule[] = [
  // Its labels and annotations are the inventory; it is made by whoever installs.
  { apiGroups: ["meshwright.dev"], resources: ["meshsyncs"], verbs: ["get", "list", "watch", "patch"] },
  { apiGroups: ["meshwright.dev"], resources: ["meshsyncs/status"], verbs: ["patch"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update"] },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
];
