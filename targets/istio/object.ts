import type { Plain } from "./yaml.ts";

/** A Kubernetes object as it is applied. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly [field: string]: Plain | undefined };
}

/** `VirtualService shop/cart`: what tells an object from all others of a mesh. */
export const nameOf = ({
  kind,
  metadata: { namespace = "", name },
}: {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string };
}): string => `${kind} ${namespace}/${name}`;

type Kind =
  | "VirtualService"
  | "DestinationRule"
  | "Gateway"
  | "ServiceEntry"
  | "Sidecar"
  | "PeerAuthentication"
  | "AuthorizationPolicy";

/** An Istio object of ours; the label tells people, and nothing else, where it comes from. */
export const istioObject = (
  kind: Kind,
  namespace: string,
  name: string,
  spec: KubernetesObject["spec"],
): KubernetesObject => ({
  apiVersion: `${kind === "PeerAuthentication" || kind === "AuthorizationPolicy" ? "security" : "networking"}.istio.io/v1`,
  kind,
  metadata: { name, namespace, labels: { "app.kubernetes.io/managed-by": "meshwright" } },
  spec,
});
