import { idOf, type ServiceGraph } from "../../lib/graph/graph.ts";
import type { Instance, Placement } from "../../lib/graph/placement.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import { shortName } from "../../lib/model/callable.ts";
import type { Mesh } from "../../lib/model/mesh.ts";

/** Two copies of everything, each at an address of its own, whose connections are captured. */
export const capturedPlacement = ({ workloads, services }: ServiceGraph): Placement => ({
  instances: Object.fromEntries(
    workloads.map((workload, index) => [
      idOf(workload),
      [{ address: `10.244.0.${index + 1}` }, { address: `10.244.1.${index + 1}` }],
    ]),
  ),
  addresses: Object.fromEntries(services.map((service, index) => [idOf(service), [`10.96.7.${index + 1}`]])),
});

/** One copy of everything on one machine, each on ports of its own, which applications dial themselves. */
export const loopbackPlacement = (mesh: Mesh): Placement => {
  let last = 20_000;
  const next = (): number => (last += 1);
  const dialled = mesh.destinations.flatMap((destination) =>
    destination.ports.map(({ number, protocol }) =>
      carriesHttp(protocol) ? String(number) : `${shortName(destination)}:${number}`,
    ),
  );
  const instance = ({ ports, proxy }: Mesh["workloads"][number]): Instance => {
    const each = (): Readonly<Record<number, number>> =>
      Object.fromEntries(ports.map(({ number }) => [number, next()]));
    const services = Object.fromEntries([...new Set(dialled)].map((name) => [name, next()]));
    return {
      address: "127.0.0.1",
      ports: each(),
      loopback: proxy === "sidecar" ? { applications: each(), services } : { applications: {}, services: {} },
    };
  };
  return {
    instances: Object.fromEntries(mesh.workloads.map((workload) => [workload.id, [instance(workload)]])),
    addresses: {},
  };
};
