import type { MeshConfig, Subject as PolicySubject } from "../../../lib/intent/index.ts";
import { law } from "../law.ts";

/** A team's folder is its mandate: without this, whoever can merge anywhere can open anybody's service. */
export const folderSpeaksForItsNamespaces = law(
  "MESH1003",
  ["policies", "externals", "ingresses", "config"],
  (given, report) => {
    const written = [
      ...given.policies.map(({ intent, origin }) => ({ namespace: namespaceOf(intent.about), origin })),
      ...given.externals.map(({ intent, origin }) => ({ namespace: intent.namespace.$id, origin })),
      ...given.ingresses.map(({ intent, origin }) => ({ namespace: intent.namespace.$id, origin })),
    ];
    const byDepth = mandates(given.config);
    for (const { namespace, origin } of written) {
      const allowed = byDepth.find(({ prefix }) => origin.module.startsWith(prefix))?.namespaces ?? [];
      if (!allowed.includes(namespace)) report(origin, { module: origin.module, namespace, allowed });
    }
  },
);

const namespaceOf = (about: PolicySubject): string =>
  about.$kind === "namespace" ? about.$id : (about.$id.split("/")[0] ?? "");

/** What the names of all modules in a folder of `folders` begin with. */
export const modulePrefix = (folder: string): string =>
  folder === "." ? "" : `${folder.replace(/^\.\//, "").replace(/\/+$/, "")}/`;

/** Folders with their namespaces, the deepest first: the first that holds a module speaks for it. */
const mandates = ({
  folders,
}: MeshConfig): readonly { readonly prefix: string; readonly namespaces: readonly string[] }[] =>
  Object.entries(folders)
    .map(([folder, namespaces]) => ({ prefix: modulePrefix(folder), namespaces }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
