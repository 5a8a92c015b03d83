import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh, Scope } from "../../../lib/model/mesh.ts";
import { istioObject, type KubernetesObject } from "../object.ts";

/** What a workload's proxy is sent. Egress is always written: without it Istio sends the whole mesh (istio 59376). */
export const sidecar = ({ workload, namespace, labels, hosts }: Scope, mesh: Mesh): KubernetesObject => {
  const imported = hosts.map((host) => `${lookup(mesh).destination(host)?.namespace ?? "*"}/${host}`);
  return istioObject("Sidecar", namespace, workload.split("/")[1] ?? workload, {
    workloadSelector: { labels },
    egress: [{ hosts: imported.length > 0 ? imported : ["~/*"] }],
  });
};
