import { lookup } from "../../../lib/model/lookup.ts";
import type { Gateway } from "../../../lib/model/mesh.ts";
import { gatewaySocket, inboundSockets } from "../addresses.ts";
import { arrivalPorts } from "../arrivals.ts";
import type { GatewayPort, HostTable, Inbound, VirtualHost } from "../config.ts";
import { access } from "./access.ts";
import type { Proxy } from "./outbound.ts";
import { virtualHost } from "./virtual-host.ts";

/** What arrives for the proxy's own application. */
export const inbound = ({ mesh, workload, instance }: Proxy): readonly Inbound[] =>
  arrivalPorts(workload, mesh.destinations).flatMap(({ port, protocol }) => {
    const sockets = inboundSockets(instance, port);
    return sockets === undefined
      ? []
      : [
          {
            kind: "inbound",
            ...sockets.listening,
            targetPort: port,
            application: sockets.application,
            protocol,
            mtls: lookup(mesh).mtls(workload).mode,
            access: access(mesh, workload, port),
          },
        ];
  });

/** Where requests enter the mesh. */
export const gatewayPorts = ({ listeners }: Gateway, { mesh, workload, instance }: Proxy): readonly GatewayPort[] =>
  listeners.map(({ target, virtualHosts }) => ({
    kind: "gateway",
    ...gatewaySocket(instance, target),
    targetPort: target,
    hosts: hostTable(virtualHosts.map(({ host, routes }) => virtualHost(host, routes))),
    access: access(mesh, workload, target),
  }));

const hostTable = (virtualHosts: readonly VirtualHost[]): HostTable => {
  const numbers = virtualHosts.map(({ name }, number) => [name, number] as const);
  return {
    virtualHosts,
    exact: Object.fromEntries(numbers.filter(([name]) => !name.startsWith("*"))),
    suffix: Object.fromEntries(
      numbers.flatMap(([name, number]) => (name.startsWith("*") ? [[name.slice(1), number]] : [])),
    ),
  };
};
