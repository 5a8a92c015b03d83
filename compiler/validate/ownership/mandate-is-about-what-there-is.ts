import { at } from "../../../lib/diagnostics/origin.ts";
import { nearest } from "../../../lib/diagnostics/nearest.ts";
import { law } from "../law.ts";
import { modulePrefix } from "./folder-speaks-for-its-namespaces.ts";

/** A misspelt folder or namespace in `folders` is a mandate that nobody has, while somebody believes to have it. */
export const mandateIsAboutWhatThereIs = law(
  "MESH1006",
  ["policies", "externals", "ingresses", "config", "graph"],
  (given, report) => {
    const { policies, externals, ingresses, config, graph } = given;
    const origin = at({ module: "mesh.config.ts", path: [] }, "folders");
    const modules = [...policies, ...externals, ...ingresses].map(({ origin: { module } }) => module);
    const inside = [...new Set(modules.map((module) => module.slice(0, module.lastIndexOf("/") + 1)))];
    const folders = new Set(inside.map((path) => path.split("/")[0] ?? ""));
    const known = graph.namespaces.map(({ name }) => name);
    for (const [folder, namespaces] of Object.entries(config.folders)) {
      if (!inside.some((path) => path.startsWith(modulePrefix(folder))))
        report(at(origin, folder), {
          what: `no policy lies in \`${folder}\``,
          near: nearest(
            folder,
            [...folders].filter((name) => name !== "" && !(name in config.folders)),
          ),
          remedy: "write its first policy",
        });
      for (const [index, namespace] of namespaces.entries())
        if (!known.includes(namespace))
          report(at(at(origin, folder), index), {
            what: `the graph has no namespace \`${namespace}\``,
            near: nearest(namespace, known),
            remedy: "read its manifests with `mesh-compile graph sync`",
          });
    }
  },
);
