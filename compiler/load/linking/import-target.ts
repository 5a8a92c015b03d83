import { posix } from "node:path";
import { nearest } from "../../../lib/diagnostics/nearest.ts";

/** Names of our own library's modules begin so: no file of a mesh folder can. */
export const libraryPrefix = "meshwright:";
export const libraryModule = `${libraryPrefix}index.ts`;

/** The modules that a mesh folder has, by name. */
export interface Known {
  readonly policies: ReadonlySet<string>;
  readonly graph: ReadonlySet<string>;
}

export type ImportTarget = { readonly module: string } | { readonly why: string };

/**
 * The law of imports, and the only resolution there is: no package, no index file, no guessed extension, no condition.
 * The type check may see further than this; what it finds there is refused here.
 */
export const importTarget = (from: string, specifier: string, known: Known): ImportTarget => {
  if (from.startsWith(libraryPrefix)) {
    const file = posix.join("/", specifier).slice(1).replace(/\.js$/, ".ts");
    return { module: libraryPrefix + file };
  }
  if (specifier === "meshwright") return { module: libraryModule };
  if (specifier.startsWith("#graph/")) {
    const module = `graph/${specifier.slice("#graph/".length)}.ts`;
    if (known.graph.has(module)) return { module };
    const namespaces = [...known.graph].map((name) => name.slice("graph/".length, -".ts".length));
    const namespace = near(specifier.slice("#graph/".length), namespaces);
    return {
      why: `the graph has no such namespace${namespace === undefined ? "" : `; did you mean "#graph/${namespace}"?`}`,
    };
  }
  if (!/^\.\.?\//.test(specifier)) {
    return { why: specifier.startsWith("node:") ? "policies reach no system" : "policies use no packages" };
  }
  const module = posix.join(posix.dirname(from), specifier);
  if (module.startsWith("../") || posix.isAbsolute(module)) return { why: "it lies outside of the mesh folder" };
  if (known.policies.has(module) || known.graph.has(module)) return { module };
  if (known.policies.has(`${module}.ts`)) return { why: "the extension is part of the name" };
  const other = near(module, [...known.policies, ...known.graph]);
  const relative = other === undefined ? undefined : posix.relative(posix.dirname(from), other);
  const written = relative?.startsWith(".") === false ? `./${relative}` : relative;
  return { why: `there is no such policy module${written === undefined ? "" : `; did you mean "${written}"?`}` };
};

/** Distances between texts cost the product of their lengths: nobody means a name with what is longer than a path. */
const near = (word: string, candidates: readonly string[]): string | undefined =>
  word.length > 256 ? undefined : nearest(word, candidates);
