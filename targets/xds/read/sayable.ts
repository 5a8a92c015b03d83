import type { Placement } from "../../../lib/graph/placement.ts";
import type { AccessRule } from "../../../lib/model/authorization.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";

/**
 * A mesh without what no proxy of it is told, which nothing read back could have: servers outside of the mesh that nobody
 * knows; and, where a proxy listens on explicit ports of its own machine, rules on ports on which it does not.
 */
export const sayable = (mesh: Mesh, placement: Placement): Mesh => {
  const told = toldHosts(mesh);
  return {
    ...mesh,
    destinations: mesh.destinations.filter(({ host, kind }) => kind !== "external" || told.has(host)),
    authorizations: mesh.workloads.flatMap((workload) => {
      const isCaptured = !placement.instances[workload.id]?.some(({ loopback }) => loopback);
      const ports = listened(mesh, workload);
      const { id, namespace, labels } = workload;
      return lookup(mesh)
        .authorizations(workload)
        .map((authorization) => ({
          ...authorization,
          selector: { kind: "workloads", namespace, labels, workloads: [id], name: id } as const,
          rules: isCaptured ? authorization.rules : authorization.rules.flatMap((rule) => onPorts(rule, ports)),
        }));
    }),
  };
};

const toldHosts = (mesh: Mesh): ReadonlySet<string> => {
  const { scope, destination } = lookup(mesh);
  const everywhere = mesh.destinations.map(({ host }) => host);
  const known = new Set(
    mesh.workloads.flatMap(({ id, proxy }) => (proxy === "sidecar" ? (scope(id)?.hosts ?? everywhere) : [])),
  );
  const routes = [
    ...[...known].flatMap((host) => destination(host)?.ports.flatMap((port) => port.routes) ?? []),
    ...mesh.gateways.flatMap(({ listeners }) =>
      listeners.flatMap(({ virtualHosts }) => virtualHosts.flatMap((one) => one.routes)),
    ),
  ];
  return new Set([...known, ...routes.flatMap(({ backends }) => backends.map(({ host }) => host))]);
};

const listened = (mesh: Mesh, { id, proxy, ports }: MeshWorkload): readonly number[] =>
  proxy === "gateway"
    ? (lookup(mesh)
        .gateway(id)
        ?.listeners.map(({ target }) => target) ?? [])
    : ports.map(({ number }) => number);

const onPorts = (rule: AccessRule, listened: readonly number[]): readonly AccessRule[] => {
  const ports = rule.ports === "any" ? listened : rule.ports.filter((port) => listened.includes(port));
  return ports.length === 0 ? [] : [{ ...rule, ports }];
};
