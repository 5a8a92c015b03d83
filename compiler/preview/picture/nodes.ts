import type { WorkloadId } from "../../../lib/graph/graph.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Destination, Gateway, MeshWorkload } from "../../../lib/model/mesh.ts";
import { outside } from "./places.ts";
import { routeLines } from "./routes.ts";
import { callerLines } from "./rules.ts";
import type { SeenEdge, SeenFact, SeenNode } from "./seen.ts";
import type { Side } from "./side.ts";

/** All that calls or can be called, with what holds for it. */
export const nodes = (side: Side, edges: readonly SeenEdge[]): readonly SeenNode[] => {
  const { mesh, places } = side;
  const { workload } = lookup(mesh);
  const alone = mesh.workloads.filter(({ id }) => places.node(id, mesh) === id);
  return [
    ...mesh.destinations.map((destination): SeenNode => {
      const { host, namespace, kind } = destination;
      const workloads = destination.workloads.flatMap((id) => workload(id) ?? []);
      return {
        id: host,
        kind:
          kind === "external"
            ? "external"
            : workloads.some(({ id, proxy }) => proxy === "gateway" && places.node(id, mesh) === host)
              ? "gateway"
              : "service",
        namespace,
        name: kind === "external" ? host : (destination.aliases.sameNamespace[0] ?? host),
        proxied: workloads.length > 0 && workloads.every(({ proxy }) => proxy !== "none"),
        facts: facts(destination, workloads, side),
      };
    }),
    ...alone.map((one): SeenNode => ({
      id: one.id,
      kind: one.proxy === "gateway" ? "gateway" : "workload",
      namespace: one.namespace,
      name: one.name,
      proxied: one.proxy !== "none",
      facts: facts(undefined, [one], side),
    })),
    ...(edges.some(({ from }) => from === outside)
      ? [{ id: outside, kind: "outside", name: "Outside", proxied: false, facts: [] } as const]
      : []),
  ];
};

const facts = (
  destination: Destination | undefined,
  workloads: readonly MeshWorkload[],
  side: Side,
): readonly SeenFact[] => {
  const { mesh, names } = side;
  const { mtls, scope, gateway } = lookup(mesh);
  const gateways = workloads.flatMap(({ id }) => gateway(id) ?? []);
  const sidecars = workloads.filter(({ proxy }) => proxy === "sidecar");
  const shown: readonly SeenFact[] = [
    { title: "Listeners", lines: listenerLines(gateways, side) },
    { title: "Routes", lines: destination === undefined ? [] : portLines(destination, side) },
    {
      title: "Who may call",
      lines: perWorkload(workloads, (one) =>
        one.proxy === "none" ? ["everyone: there is no proxy to refuse"] : callerLines(one, side),
      ),
    },
    {
      title: "mTLS",
      lines: perWorkload(workloads, (one) => [
        one.proxy === "none"
          ? "none: there is no proxy"
          : one.proxy === "gateway"
            ? "plain text from outside"
            : mtls(one).mode,
      ]),
    },
    {
      title: "Scope",
      lines: perWorkload(sidecars, ({ id }) => {
        const hosts = scope(id)?.hosts;
        return hosts === undefined
          ? ["every destination"]
          : hosts.length === 0
            ? ["nothing"]
            : hosts.map(names.place).sort();
      }),
    },
  ];
  return shown.filter(({ lines }) => lines.length > 0);
};

const portLines = (destination: Destination, side: Side): readonly string[] =>
  destination.ports.flatMap((port) => routeLines(port, destination, side));

const listenerLines = (gateways: readonly Gateway[], side: Side): readonly string[] =>
  gateways.flatMap(({ listeners }) =>
    listeners.flatMap(({ port, virtualHosts }) =>
      virtualHosts.flatMap(({ host, routes }) =>
        routeLines({ number: port, routes, says: `${port} ${host}` }, undefined, side),
      ),
    ),
  );

/** What holds for all workloads is said once, what does not with the names of those for which it does. */
const perWorkload = (
  workloads: readonly MeshWorkload[],
  said: (workload: MeshWorkload) => readonly string[],
): readonly string[] => {
  const lines = new Map<string, WorkloadId[]>();
  for (const workload of workloads)
    for (const line of new Set(said(workload))) {
      const known = lines.get(line);
      if (known) known.push(workload.name);
      else lines.set(line, [workload.name]);
    }
  return [...lines].map(([line, names]) => (names.length === workloads.length ? line : `${names.join(", ")}: ${line}`));
};
