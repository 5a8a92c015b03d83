import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { istio } from "../../targets/istio/index.ts";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import { laboratory, type Laboratory } from "../laboratory/laboratory.ts";
import type { Istiod } from "../rig/istiod/istiod.ts";
import { keyOf, type KubeObject } from "../rig/kube.ts";
import type { Rig } from "../rig/rig.ts";
import { manifests } from "./manifests.ts";

interface IstioLaboratoryOptions {
  /** What becomes of a mesh; what `build` writes when absent. Others are for objects that are wrong on purpose. */
  readonly emit?: (mesh: Mesh) => readonly KubernetesObject[];
}

/** Meshes as the objects that `build` writes, beside the graph's own manifests, read by a real istiod. */
export const istioLaboratory = (
  rig: Rig<Istiod>,
  externalHosts: readonly string[],
  { emit = istio.emit }: IstioLaboratoryOptions = {},
): Promise<Laboratory> => {
  const { plane } = rig;
  let applied: readonly KubeObject[] = [];
  const installed = (graph: ServiceGraph, mesh: Mesh): readonly KubeObject[] =>
    [...manifests(graph), ...emit(mesh)] as unknown as readonly KubeObject[];
  return laboratory(rig, externalHosts, {
    async set(graph, mesh) {
      await plane.clear();
      applied = await plane.apply(installed(graph, mesh));
    },
    async update(graph, mesh) {
      const wanted = installed(graph, mesh);
      const staying = new Set(wanted.map(keyOf));
      await plane.delete(applied.filter((object) => !staying.has(keyOf(object))));
      applied = await plane.apply(wanted);
    },
  });
};
