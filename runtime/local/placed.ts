import { carriesHttp } from "../../lib/graph/protocol.ts";
import type { Instance, Placement } from "../../lib/graph/placement.ts";
import { destinationsInScope, shortName } from "../../lib/model/callable.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Mesh, MeshWorkload } from "../../lib/model/mesh.ts";
import { arrivalPorts } from "../../targets/native/arrivals.ts";
import type { FreePorts } from "./free-ports.ts";

/** What a gateway's or an application's port is on this machine, if somebody said it. */
export interface GivenPorts {
  readonly gateway: (workload: string) => number | undefined;
  readonly application: (workload: string) => number | undefined;
}

/**
 * One copy of each workload on this machine: applications dial their proxy by the port of the service that they mean, and
 * name the service as the host. A workload that appears later finds the others where they were.
 */
export const placedHere = async (mesh: Mesh, ports: FreePorts, given: GivenPorts): Promise<Placement> => {
  const instances = await Promise.all(
    mesh.workloads.map(async (workload) => [workload.id, [await instance(workload, mesh, ports, given)]] as const),
  );
  return { instances: Object.fromEntries(instances), addresses: {} };
};

const address = "127.0.0.1";

const instance = async (workload: MeshWorkload, mesh: Mesh, ports: FreePorts, given: GivenPorts): Promise<Instance> => {
  const { id } = workload;
  if (workload.proxy === "gateway") {
    const targets =
      lookup(mesh)
        .gateway(id)
        ?.listeners.map(({ target }) => target) ?? [];
    const listening = await numbered(
      targets,
      async (target, index) => (index === 0 ? given.gateway(id) : undefined) ?? ports.of(`gateway ${id} ${target}`),
    );
    return { address, ports: listening, loopback: { applications: {}, services: {} } };
  }
  const arrivals = arrivalPorts(workload, mesh.destinations).map(({ port }) => port);
  const applications = await numbered(
    arrivals,
    async (port, index) => (index === 0 ? given.application(id) : undefined) ?? ports.of(`application ${id} ${port}`),
  );
  // Without a proxy it is the application itself that others reach.
  if (workload.proxy === "none") return { address, ports: applications };
  const listening = await numbered(arrivals, (port) => ports.of(`proxy ${id} ${port}`));
  const called = destinationsInScope({ mesh, workload }).flatMap((destination) =>
    destination.ports.map(({ number, protocol }) =>
      carriesHttp(protocol) ? String(number) : `${shortName(destination)}:${number}`,
    ),
  );
  const services: Record<string, number> = {};
  for (const service of [...new Set(called)].sort()) services[service] = await ports.of(`calls ${id} ${service}`);
  return { address, ports: listening, loopback: { applications, services } };
};

const numbered = async (
  keys: readonly number[],
  of: (key: number, index: number) => Promise<number>,
): Promise<Readonly<Record<number, number>>> => {
  const made: Record<number, number> = {};
  for (const [index, key] of keys.entries()) made[key] = await of(key, index);
  return made;
};
