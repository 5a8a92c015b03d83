import { made } from "./evaluation.ts";
import type { GatewayHandle, NamespaceHandle } from "./handles.ts";
import type { Route } from "./route.ts";

export interface IngressIntent {
  readonly gateway: GatewayHandle;
  /** The port of the gateway's service; plain HTTP. */
  readonly port: number;
  /** Exact names (`shop.example.com`) or `*.example.com`. A request for another host finds no route: 404. */
  readonly hosts: readonly string[];
  /**
   * In order; what none matches is 404. A route to a whole service follows that service's own routes too, so a split
   * written for the mesh also holds at the edge.
   */
  readonly routes: readonly Route[];
}

export interface Ingress extends IngressIntent {
  readonly kind: "ingress";
  readonly namespace: NamespaceHandle;
}

/** Lets requests from outside in through a gateway, on behalf of a namespace. */
export const ingress = (namespace: NamespaceHandle, intent: IngressIntent): Ingress =>
  made({ kind: "ingress", namespace, ...intent });
