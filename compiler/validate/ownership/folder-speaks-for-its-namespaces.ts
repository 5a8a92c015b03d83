import type { MeshConfig, Subject as PolicySubject } from "../../../lib/intent/index.ts";
import { law } from "../law.ts";

/** A team's folder is its mandate: without this, whoever can merge anywhere can open anybody's service. */
export const folderSpeaksForItsNamespaces = law("MESH1003", ({ intents }, report) => {
  const written = [
    ...intents.policies.map(({ intent, origin }) => ({ namespace: namespaceOf(intent.about), origin })),
    ...intents.externals.map(({ intent, origin }) => ({ namespace: intent.namespace.$id, origin })),
    ...intents.ingresses.map(({ intent, origin }) => ({ namespace: intent.namespace.$id, origin })),
  ];
  for (const { namespace, origin } of written) {
    const allowed = namespacesOf(origin.module, intents.config);
    if (!allowed.includes(namespace)) report(origin, { module: origin.module, namespace, allowed });
  }
});

const namespaceOf = (about: PolicySubject): string =>
  about.$kind === "namespace" ? about.$id : (about.$id.split("/")[0] ?? "");

/** What the names of all modules in a folder of `folders` begin with. */
export const modulePrefix = (folder: string): string =>
  folder === "." ? "" : `${folder.replace(/^\.\//, "").replace(/\/+$/, "")}/`;

/** The namespaces of the deepest folder that holds the module. */
const namespacesOf = (module: string, { folders }: MeshConfig): readonly string[] => {
  const holding = Object.entries(folders)
    .map(([folder, namespaces]) => ({ prefix: modulePrefix(folder), namespaces }))
    .filter(({ prefix }) => module.startsWith(prefix));
  return holding.sort((a, b) => b.prefix.length - a.prefix.length)[0]?.namespaces ?? [];
};
