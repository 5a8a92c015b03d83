import type { MeshConfig, Subject as PolicySubject } from "../../../lib/intent/index.ts";
import { lawOfEach } from "../law.ts";
import { once } from "../../../lib/graph/once.ts";

/** A team's folder is its mandate: without this, whoever can merge anywhere can open anybody's service. */
export const folderSpeaksForItsNamespaces = lawOfEach(
  "MESH1003",
  ["policies", "externals", "ingresses"],
  ["config"],
  ({ intent, origin }, { config }, report) => {
    const namespace = "about" in intent ? namespaceOf(intent.about) : intent.namespace.$id;
    const allowed = mandates(config).find(({ prefix }) => origin.module.startsWith(prefix))?.namespaces ?? [];
    if (!allowed.includes(namespace)) report(origin, { module: origin.module, namespace, allowed });
  },
);

const namespaceOf = (about: PolicySubject): string =>
  about.$kind === "namespace" ? about.$id : (about.$id.split("/")[0] ?? "");

/** What the names of all modules in a folder of `folders` begin with. */
export const modulePrefix = (folder: string): string =>
  folder === "." ? "" : `${folder.replace(/^\.\//, "").replace(/\/+$/, "")}/`;

interface Mandate {
  readonly prefix: string;
  readonly namespaces: readonly string[];
}

/** Folders with their namespaces, the deepest first: the first that holds a module speaks for it. */
const mandates = once(({ folders }: MeshConfig): readonly Mandate[] =>
  Object.entries(folders)
    .map(([folder, namespaces]) => ({ prefix: modulePrefix(folder), namespaces }))
    .sort((a, b) => b.prefix.length - a.prefix.length),
);
