import type { Gateway } from "../../../lib/model/mesh.ts";
import { istioObject, type KubernetesObject } from "../object.ts";

/** One Gateway for each gateway workload, one server for each port: conflicts between several are skipped silently (istio 58700). */
export const gatewayObject = ({ workload, namespace, labels, listeners }: Gateway): KubernetesObject =>
  istioObject("Gateway", namespace, workload.split("/")[1] ?? workload, {
    selector: labels,
    servers: listeners.map(({ port, virtualHosts }) => ({
      port: { number: port, name: `http-${port}`, protocol: "HTTP" },
      hosts: virtualHosts.map(({ host, namespace: owner }) => `${owner}/${host}`),
    })),
  });
