import type { Placement } from "../../lib/graph/placement.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { unsaidAliases } from "../mismatches.ts";
import type { OutputFile, Target } from "../target.ts";
import { proxyConfig } from "./emit/index.ts";
import type { InstanceConfig } from "./instance-config.ts";
import { omissions } from "./omissions.ts";

const emit = (mesh: Mesh, placement: Placement): readonly InstanceConfig[] =>
  mesh.workloads.flatMap((workload) =>
    workload.proxy === "none"
      ? []
      : (placement.instances[workload.id] ?? []).map((instance, index) => ({
          workload: workload.id,
          instance: index,
          config: proxyConfig(mesh, workload, instance, placement),
        })),
  );

/** What the project's own proxies are told, one file for each of them. */
export const native = {
  name: "native",
  mismatches: unsaidAliases,
  omissions,
  emit,
  reader: async () => (await import("./read/index.ts")).read,
  files: (configs) =>
    configs.map(({ workload, instance, config }): OutputFile => ({
      path: `native/${workload}/${instance}/proxy.json`,
      text: `${JSON.stringify(config, undefined, 2)}\n`,
    })),
} satisfies Target<InstanceConfig>;
