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

/** Why something cannot be imported. To say what may be meant instead, it is compared with all that there is. */
export type Why = (asked: { readonly suggests: boolean }) => string;

export type ImportTarget = { readonly module: string } | { readonly why: Why };

/** So many suggestions help; to whoever is hostile, each costs little and all of them time. */
export const mostSuggestions = 50;

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
    const suggestion = (): string => {
      const namespaces = [...known.graph].map((name) => name.slice("graph/".length, -".ts".length));
      const namespace = nearest(specifier.slice("#graph/".length), namespaces);
      return namespace === undefined ? "" : `; did you mean "#graph/${namespace}"?`;
    };
    return { why: ({ suggests }) => `the graph has no such namespace${suggests ? suggestion() : ""}` };
  }
  if (!/^\.\.?\//.test(specifier)) {
    return refused(specifier.startsWith("node:") ? "policies reach no system" : "policies use no packages");
  }
  const module = posix.join(posix.dirname(from), specifier);
  if (module.startsWith("../") || posix.isAbsolute(module)) return refused("it lies outside of the mesh folder");
  if (known.policies.has(module) || known.graph.has(module)) return { module };
  if (known.policies.has(`${module}.ts`)) return refused("the extension is part of the name");
  const suggestion = (): string => {
    const other = nearest(module, [...known.policies, ...known.graph]);
    if (other === undefined) return "";
    const relative = posix.relative(posix.dirname(from), other);
    return `; did you mean "${relative.startsWith(".") ? relative : `./${relative}`}"?`;
  };
  return { why: ({ suggests }) => `there is no such policy module${suggests ? suggestion() : ""}` };
};

const refused = (why: string): ImportTarget => ({ why: () => why });
