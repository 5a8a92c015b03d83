import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh, Scope } from "../../../lib/model/mesh.ts";
import { istioObject, type KubernetesObject } from "../object.ts";

/** What the proxies of some workloads are sent. Egress is always written: without it Istio sends the whole mesh (istio 59376). */
export const sidecar = ({ selector, hosts }: Scope, mesh: Mesh): KubernetesObject => {
  const imported = hosts.map((host) => {
    const destination = lookup(mesh).destination(host);
    if (destination === undefined) throw new Error(`${selector.name} knows ${host}, which is no destination`);
    return `${destination.namespace}/${host}`;
  });
  return istioObject("Sidecar", selector.namespace, selector.name, {
    workloadSelector: { labels: selector.labels },
    egress: [{ hosts: imported.length > 0 ? imported : ["~/*"] }],
  });
};
