import type { Mesh } from "../../../lib/model/mesh.ts";
import type { KubernetesObject } from "../object.ts";
import { withDistinctNames } from "./names.ts";
import { destinationRule, routedSubsets } from "./destination-rule.ts";
import { gatewayObject } from "./gateway.ts";
import { authorizationPolicy, peerAuthentication } from "./security.ts";
import { serviceEntry } from "./service-entry.ts";
import { sidecar } from "./sidecar.ts";
import { gatewayVirtualServices, meshVirtualService } from "./virtual-service.ts";

/** A mesh as Istio objects, in a total order: what others need comes before what needs it. */
export const emit = (mesh: Mesh): readonly KubernetesObject[] => {
  const subsets = routedSubsets(mesh);
  return withDistinctNames([
    ...mesh.destinations.flatMap(serviceEntry),
    ...mesh.destinations.flatMap((destination) => destinationRule(destination, subsets.get(destination.host), mesh)),
    ...mesh.gateways.map(gatewayObject),
    ...mesh.destinations.flatMap((destination) => meshVirtualService(destination, mesh)),
    ...mesh.gateways.flatMap((gateway) => gatewayVirtualServices(gateway, mesh)),
    ...mesh.mtls.map((rule) => peerAuthentication(rule, mesh)),
    ...mesh.authorizations.map((authorization) => authorizationPolicy(authorization, mesh)),
    ...mesh.scopes.map((scope) => sidecar(scope, mesh)),
  ]);
};
