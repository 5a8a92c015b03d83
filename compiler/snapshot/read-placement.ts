import { isIP } from "node:net";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic, Staged } from "../../lib/diagnostics/diagnostic.ts";
import { nearest } from "../../lib/diagnostics/nearest.ts";
import { idOf, type ServiceGraph } from "../../lib/graph/graph.ts";
import { named } from "../../lib/graph/named.ts";
import { targetOf } from "../../lib/model/base.ts";
import { nowhere, type Instance, type Placement } from "../../lib/graph/placement.ts";
import type { SourceText } from "../source-text.ts";
import { located } from "./located.ts";
import { meshFile, shapedYaml } from "./mesh-file.ts";
import { listOf, mapOf, object, optional, port, textThat, type Shape } from "./shape.ts";

/** Beside `mesh.config.ts`; a mesh whose platform knows where things run has none. */
export const placementFile = "placement.yaml";

interface Written {
  readonly workloads?: Readonly<Record<string, readonly Instance[]>>;
  readonly services?: Readonly<Record<string, readonly string[]>>;
}

const address = textThat((value) => isIP(value) !== 0, "an IP address");
const portName = textThat((name) => port(Number(name)) === undefined, "by a port's number");
const serviceName = textThat(
  (name) =>
    port(Number(name)) === undefined || (/^[^:]+:\d+$/.test(name) && port(Number(name.split(":")[1])) === undefined),
  "by a port's number or `service.namespace:port`",
);
const ports = mapOf(port, portName);

const instance = object({
  address,
  ports: optional(ports),
  loopback: optional(object({ applications: ports, services: mapOf(port, serviceName) })),
});

const placementShape: Shape = object({
  workloads: optional(mapOf(listOf(instance))),
  services: optional(mapOf(listOf(address))),
});

/** Where the graph's workloads run, as somebody wrote it down; without the file nobody knows. */
export const readPlacement = async (meshFolder: string, graph: ServiceGraph): Promise<Staged<Placement>> => {
  const source = await meshFile(meshFolder, placementFile);
  if (source.value === undefined) return { value: undefined, diagnostics: source.diagnostics };
  if (source.value === "absent") return { value: nowhere, diagnostics: [] };
  const { text } = source.value;
  const before = known.get(graph);
  if (before?.text === text) return before.placement;
  const placement = await placementIn(source.value, graph);
  known.set(graph, { text, placement });
  return placement;
};

/** Whoever compiles again after an edit reads the same placement again. */
const known = new WeakMap<ServiceGraph, { readonly text: string; readonly placement: Staged<Placement> }>();

const placementIn = async (source: SourceText, graph: ServiceGraph): Promise<Staged<Placement>> => {
  const { value: written, diagnostics } = await shapedYaml(source, placementShape);
  if (written === undefined) return { value: undefined, diagnostics };
  const { workloads = {}, services = {} } = written as Written;
  const unknown = [
    ...(await unknownNames("workload", "workloads", Object.keys(workloads), graph.workloads.map(idOf), source)),
    ...(await unknownNames("service", "services", Object.keys(services), graph.services.map(idOf), source)),
  ];
  const strangers = await unknownPorts(workloads, graph, source);
  unknown.push(...strangers);
  if (unknown.length > 0) return { value: undefined, diagnostics: unknown };
  return { value: { instances: workloads, addresses: services }, diagnostics: [] };
};

/** A misspelt name would silently place nothing. */
/** Names that the graph does not have, each where it stands. */
export const unknownNames = (
  kind: string,
  list: string,
  names: readonly string[],
  there: readonly string[],
  source: SourceText,
): Promise<readonly Diagnostic[]> => {
  const known = new Set(there);
  return Promise.all(
    names
      .filter((name) => !known.has(name))
      .map(async (name) =>
        diagnostic(
          "MESH4050",
          { kind, name, near: nearest(name, there) },
          { place: await located(source, [list, name]) },
        ),
      ),
  );
};

/** The service's port in the place of the workload's is the natural mistake, and would place nothing. */
const unknownPorts = async (
  workloads: Written["workloads"] & {},
  graph: ServiceGraph,
  source: SourceText,
): Promise<readonly Diagnostic[]> => {
  const found: Promise<Diagnostic>[] = [];
  for (const [id, instances] of Object.entries(workloads)) {
    const workload = named(graph).workload(id);
    if (workload === undefined) continue;
    const there = new Set([
      ...workload.ports.map(({ number }) => number),
      ...named(graph)
        .servicesOf(id)
        .flatMap((service) => service.ports.map((port) => targetOf(service, port, graph))),
    ]);
    instances.forEach(({ ports, loopback }, index) => {
      for (const [list, written] of [
        [["ports"], ports],
        [["loopback", "applications"], loopback?.applications],
      ] as const)
        for (const number of Object.keys(written ?? {}))
          if (!there.has(Number(number)))
            found.push(
              located(source, ["workloads", id, index, ...list, number]).then((place) =>
                diagnostic(
                  "MESH4050",
                  { kind: `port of ${id}`, name: number, near: there.size === 1 ? String([...there][0]) : undefined },
                  { place },
                ),
              ),
            );
    });
  }
  return Promise.all(found);
};
