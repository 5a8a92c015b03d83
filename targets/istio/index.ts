import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import { settingPlace, unsaidAliases } from "../mismatches.ts";
import type { Target } from "../target.ts";
import { emit } from "./emit/index.ts";
import type { KubernetesObject } from "./object.ts";
import { yamlStream, type Plain } from "./yaml.ts";

/** The release whose schemas, defaults and rules of resolution this target knows. */
const release = "1.31";

/** Istio's own objects, one file for each namespace. */
export const istio = {
  name: "istio",
  mismatches: (platform) => {
    const { version, autoMtls } = platform;
    return [
      ...(version.startsWith(`${release}.`)
        ? []
        : [diagnostic("MESH5002", { required: release, found: version }, settingPlace("version"))]),
      ...(autoMtls ? [] : [diagnostic("MESH5005", {}, settingPlace("autoMtls"))]),
      ...unsaidAliases(platform),
    ];
  },
  omissions: () => [],
  emit,
  reader: async () => (await import("./read/index.ts")).read,
  files: (objects) => {
    const byNamespace = new Map<string, KubernetesObject[]>();
    for (const object of objects) {
      const known = byNamespace.get(object.metadata.namespace);
      if (known) known.push(object);
      else byNamespace.set(object.metadata.namespace, [object]);
    }
    return [...byNamespace]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([namespace, members]) => ({
        path: `istio/${namespace}.yaml`,
        text: yamlStream(members as unknown as readonly Plain[]),
      }));
  },
} satisfies Target<KubernetesObject>;
