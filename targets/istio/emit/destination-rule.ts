import type { Destination, Host, Mesh } from "../../../lib/model/mesh.ts";
import type { Route } from "../../../lib/model/route.ts";
import { wantingInVain } from "../../../lib/model/automatic-mtls.ts";
import { nameOfDestination } from "./names.ts";
import { istioObject, type KubernetesObject } from "../object.ts";

/** Subsets that some route names, by host. A subset that nothing routes to would only cost every proxy a cluster. */
export const routedSubsets = (mesh: Mesh): ReadonlyMap<Host, ReadonlySet<string>> => {
  const routed = new Map<Host, Set<string>>();
  const note = (routes: readonly Route[]): void => {
    for (const { backends } of routes) {
      for (const { host, subset } of backends) {
        if (subset === "any") continue;
        const names = routed.get(host);
        if (names) names.add(subset);
        else routed.set(host, new Set([subset]));
      }
    }
  };
  for (const { ports } of mesh.destinations) for (const { routes } of ports) note(routes);
  for (const { listeners } of mesh.gateways)
    for (const { virtualHosts } of listeners) for (const { routes } of virtualHosts) note(routes);
  return routed;
};

/** One rule for a host, in its owner's namespace; `tls` only where it is meant, since it would override automatic mTLS. */
export const destinationRule = (
  destination: Destination,
  routed: ReadonlySet<string> | undefined,
  mesh: Mesh,
): readonly KubernetesObject[] => {
  const subsets = destination.subsets
    .filter(({ name }) => routed?.has(name))
    .map(({ name, labels }) => ({ name, labels }));
  const originated = destination.ports.flatMap(({ tls }) => (tls.mode === "originate" ? [tls] : []))[0];
  const tls = originated
    ? { mode: "SIMPLE", sni: originated.sni, caCertificates: "system" }
    : wantingInVain(destination, mesh).length > 0
      ? { mode: "ISTIO_MUTUAL" }
      : undefined;
  if (subsets.length === 0 && tls === undefined) return [];
  return [
    istioObject("DestinationRule", destination.namespace, nameOfDestination(destination), {
      host: destination.host,
      ...(tls && { trafficPolicy: { tls } }),
      ...(subsets.length > 0 && { subsets }),
    }),
  ];
};
