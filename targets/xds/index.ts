import type { Placement } from "../../lib/graph/placement.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { unsaidAliases } from "../mismatches.ts";
import type { OutputFile, Target } from "../target.ts";
import { bootstrap } from "./bootstrap.ts";
import { proxyResources } from "./emit/index.ts";
import { madeFor } from "./emit/made.ts";
import type { Surroundings } from "./emit/surroundings.ts";
import { fileOf } from "./emit/values.ts";
import { omissions } from "./omissions.ts";
import { typeUrls, type ProxyConfiguration, type Resource, type ResourceType } from "./resource.ts";

/** Envoy's own resources, read from files that it watches; `mesh-control` serves the same from memory. */
export const xds = {
  name: "xds",
  mismatches: unsaidAliases,
  omissions,
  emit: (mesh: Mesh, placement: Placement): readonly ProxyConfiguration[] => {
    const surroundings: Surroundings = { placement, delivery: "files", accessLog: "stdout" };
    const made = madeFor(mesh, surroundings);
    return mesh.workloads.flatMap((workload) => {
      if (workload.proxy === "none") return [];
      const instances = placement.instances[workload.id] ?? [];
      // Copies whose connections are captured differ in nothing that they must be told.
      const distinct = instances.some(({ loopback }) => loopback) ? instances : instances.slice(0, 1);
      return (distinct.length === 0 ? [undefined] : distinct).map((instance, index) => ({
        workload: workload.id,
        instance: String(index),
        platform: mesh.platform,
        resources: proxyResources(mesh, workload, instance, surroundings, made),
      }));
    });
  },
  reader: async () => (await import("./read/index.ts")).read,
  files: (configurations: readonly ProxyConfiguration[]): readonly OutputFile[] => configurations.flatMap(filesOfProxy),
} satisfies Target<ProxyConfiguration>;

/** Names below are relative to the proxy's own folder: Envoy is started there. */
const filesOfProxy = ({ workload, instance, platform, resources }: ProxyConfiguration): readonly OutputFile[] => {
  const { cluster, endpoints, listener, routes } = resources;
  const folder = `xds/${workload}/${instance}`;
  const started = bootstrap({ workload, instance, platform, adminPort: "none", source: { kind: "files" } });
  return [
    ...endpoints.map((one) => file(fileOf(`${folder}/eds`, one.name), answer("endpoints", [one]))),
    file(`${folder}/cds.json`, answer("cluster", cluster)),
    ...routes.map((one) => file(fileOf(`${folder}/rds`, one.name), answer("routes", [one]))),
    file(`${folder}/lds.json`, answer("listener", listener)),
    file(`${folder}/bootstrap.json`, started),
  ];
};

/** A discovery response, as Envoy reads it from a file. */
const answer = (type: ResourceType, resources: readonly Resource<object>[]): unknown => ({
  resources: resources.map(({ message }) => ({ "@type": typeUrls[type], ...message })),
});

const file = (path: string, content: unknown): OutputFile => ({
  path,
  text: `${JSON.stringify(content, undefined, 2)}\n`,
});
