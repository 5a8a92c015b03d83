import type { Staged } from "../../lib/diagnostics/diagnostic.ts";
import { idOf, type ServiceGraph, type WorkloadId } from "../../lib/graph/graph.ts";
import { unknownNames } from "./read-placement.ts";
import { meshFile, shapedYaml } from "./mesh-file.ts";
import { mapOf, object, optional, port, text, textThat, type Shape } from "./shape.ts";

/** Beside `mesh.config.ts`: what plays the workloads on somebody's own machine. */
export const localFile = "mesh.local.yaml";

/** How a mesh runs on one machine; workloads that are not named are played by an echo. */
export interface LocalMesh {
  readonly workloads: Readonly<Record<WorkloadId, LocalWorkload>>;
  /** The port at which a gateway is reached here. */
  readonly gateways: Readonly<Record<WorkloadId, number>>;
}

export interface LocalWorkload {
  /** Run by a shell in the mesh folder; told by `PORT` where to listen, and by `MESH_PORT` where to call others. */
  readonly command?: string;
  /** What runs already: `127.0.0.1:3000`. */
  readonly address?: string;
}

const address = textThat((value) => /^[^:\s]+:\d{1,5}$/.test(value), "`ADDRESS:PORT`");

const shape: Shape = object({
  workloads: optional(mapOf(object({ command: optional(text), address: optional(address) }))),
  gateways: optional(mapOf(port)),
});

/** What the file says; without it everything is an echo. */
export const readLocal = async (meshFolder: string, graph: ServiceGraph): Promise<Staged<LocalMesh>> => {
  const source = await meshFile(meshFolder, localFile);
  if (source.value === undefined) return { value: undefined, diagnostics: source.diagnostics };
  if (source.value === "absent") return { value: { workloads: {}, gateways: {} }, diagnostics: [] };
  const { value: written, diagnostics } = await shapedYaml(source.value, shape);
  if (written === undefined) return { value: undefined, diagnostics };
  const { workloads = {}, gateways = {} } = written as Partial<LocalMesh>;
  const known = graph.workloads.map(idOf);
  const unknown = [
    ...(await unknownNames("workload", "workloads", Object.keys(workloads), known, source.value)),
    ...(await unknownNames("workload", "gateways", Object.keys(gateways), known, source.value)),
  ];
  return unknown.length > 0
    ? { value: undefined, diagnostics: unknown }
    : { value: { workloads, gateways }, diagnostics: [] };
};
