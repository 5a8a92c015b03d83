import type { Destination } from "../../../lib/model/mesh.ts";
import { nameOfDestination } from "./names.ts";
import { istioObject, type KubernetesObject } from "../object.ts";

/** An external service under its own name; applications speak plain HTTP to its port, proxies TLS to its target. */
export const serviceEntry = (destination: Destination): readonly KubernetesObject[] => {
  const { host, namespace, kind, ports, resolution } = destination;
  if (kind !== "external" || resolution === "platform") return [];
  return [
    istioObject("ServiceEntry", namespace, nameOfDestination(destination), {
      hosts: [host],
      location: "MESH_EXTERNAL",
      resolution: resolution === "dns" ? "DNS" : "STATIC",
      ports: ports.map(({ number, name, target }) => ({ number, name, protocol: "HTTP", targetPort: target })),
      ...(resolution !== "dns" && { endpoints: resolution.map((address) => ({ address })) }),
    }),
  ];
};
