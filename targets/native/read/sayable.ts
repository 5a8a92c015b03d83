import type { Instance, Placement } from "../../../lib/graph/placement.ts";
import { carriesHttp } from "../../../lib/graph/protocol.ts";
import type { AccessRule, Authorization } from "../../../lib/model/authorization.ts";
import { takesMtls } from "../../../lib/model/automatic-mtls.ts";
import { destinationsInScope, shortName } from "../../../lib/model/callable.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type {
  Destination,
  DestinationPort,
  Host,
  Mesh,
  MeshWorkload,
  MtlsRule,
  Scope,
} from "../../../lib/model/mesh.ts";
import type { Route } from "../../../lib/model/route.ts";
import { inboundSockets, outboundSocket } from "../addresses.ts";
import { arrivalPorts } from "../arrivals.ts";

/**
 * A mesh without what no proxy of it is told, which nothing read back could have: servers outside of the mesh that nobody
 * knows, and what is said of ports on which no proxy listens and of workloads that run nowhere.
 */
export const sayable = (mesh: Mesh, placement: Placement): Mesh => {
  const instanceOf = ({ id }: Pick<MeshWorkload, "id">): Instance | undefined => placement.instances[id]?.[0];
  const gateways = mesh.gateways.filter(({ workload }) => instanceOf({ id: workload }) !== undefined);
  const dialled = (workload: MeshWorkload): readonly (readonly [Destination, DestinationPort])[] => {
    const instance = instanceOf(workload);
    if (instance === undefined || workload.proxy !== "sidecar") return [];
    return destinationsInScope({ mesh, workload }).flatMap((destination) =>
      destination.ports
        .filter((port) => outboundSocket(instance, serviceOf(destination, port), port.number) !== undefined)
        .map((port) => [destination, port] as const),
    );
  };
  const routes = [
    ...mesh.workloads.flatMap((workload) => dialled(workload).flatMap(([, port]) => port.routes)),
    ...gateways.flatMap(({ listeners }) =>
      listeners.flatMap(({ virtualHosts }) => virtualHosts.flatMap((one) => one.routes)),
    ),
  ];
  const told = new Set([
    ...mesh.workloads.flatMap((workload) => dialled(workload).map(([{ host }]) => host)),
    ...routes.flatMap(backendHosts),
  ]);
  const listened = (workload: MeshWorkload): readonly number[] => {
    const instance = instanceOf(workload);
    if (instance === undefined) return [];
    return workload.proxy === "gateway"
      ? (lookup(mesh)
          .gateway(workload.id)
          ?.listeners.map(({ target }) => target) ?? [])
      : arrivalPorts(workload, mesh.destinations)
          .map(({ port }) => port)
          .filter((port) => inboundSockets(instance, port) !== undefined);
  };
  return {
    ...mesh,
    gateways,
    destinations: mesh.destinations
      .filter(({ host, kind }) => kind !== "external" || told.has(host))
      .map((destination) => withKnownTls(destination, mesh, (id) => instanceOf({ id }) !== undefined)),
    authorizations: mesh.workloads.flatMap((workload) => authorizationsOf(workload, listened(workload), mesh)),
    mtls: [
      { selector: { kind: "mesh" }, mode: "permissive", origin: { module: "platform", path: [] } },
      ...mesh.workloads.flatMap((workload): readonly MtlsRule[] =>
        workload.proxy === "sidecar" && listened(workload).length > 0
          ? [{ ...lookup(mesh).mtls(workload), selector: selectorOf(workload) }]
          : [],
      ),
    ],
    scopes: mesh.workloads
      .filter(({ proxy }) => proxy === "sidecar")
      .map((workload): Scope => ({
        selector: selectorOf(workload),
        hosts: [...new Set(dialled(workload).map(([{ host }]) => host))].sort(),
      })),
  };
};

const serviceOf = (destination: Destination, { number, protocol }: DestinationPort): string =>
  carriesHttp(protocol) ? String(number) : `${shortName(destination)}:${number}`;

const backendHosts = ({ backends }: Route): readonly Host[] => backends.map(({ host }) => host);

const selectorOf = ({ id, namespace, labels }: MeshWorkload) =>
  ({ kind: "workloads", namespace, labels, workloads: [id], name: id }) as const;

/** That a workload is called in plain text though it takes mTLS, its callers say alone. */
const withKnownTls = (destination: Destination, mesh: Mesh, isPlaced: (id: string) => boolean): Destination => {
  const isTaken = destination.workloads.some((id) => isPlaced(id) && takesMtls(mesh, lookup(mesh).workload(id)));
  return {
    ...destination,
    ports: destination.ports.map((port) =>
      port.tls.mode === "plain" && destination.kind !== "external" && !isTaken
        ? { ...port, tls: { mode: "mesh" } }
        : port,
    ),
  };
};

const authorizationsOf = (workload: MeshWorkload, listened: readonly number[], mesh: Mesh): readonly Authorization[] =>
  listened.length === 0
    ? []
    : lookup(mesh)
        .authorizations(workload)
        .map((authorization) => ({
          ...authorization,
          selector: selectorOf(workload),
          rules: authorization.rules.flatMap((rule) => onPorts(rule, listened)),
        }));

const onPorts = (rule: AccessRule, listened: readonly number[]): readonly AccessRule[] => {
  const ports = rule.ports === "any" ? listened : rule.ports.filter((port) => listened.includes(port));
  return ports.length === 0 ? [] : [{ ...rule, ports }];
};
