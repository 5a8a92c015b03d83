import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import { spanIn, type Span } from "../../lib/diagnostics/span.ts";
import { failed, type Diagnostic, type Staged } from "../../lib/diagnostics/diagnostic.ts";
import { configModule, isModuleName, unlistedFolders } from "../module-name.ts";

export { configModule };

/** The modules of a mesh folder by their names: POSIX paths relative to it, in code-unit order. */
export interface MeshFolder {
  /** Absolute, without symbolic links. */
  readonly root: string;
  readonly policies: readonly string[];
  /** Generated handles; only those that a policy imports are ever read. */
  readonly graph: readonly string[];
}

/** Where a module is named that failed as a whole. */
export const firstCharacter = ({ root }: MeshFolder, module: string): Span =>
  spanIn(module, readFileSync(join(root, module), "utf8"), 0, 0);

const portable = /^[A-Za-z0-9_@+-][\w.@+ -]*$/;

/** The modules are found by their names; the order does not depend on the file system or the locale. */
export const meshFolder = (folder: string): Staged<MeshFolder> => {
  const diagnostics: Diagnostic[] = [];
  let root: string;
  try {
    root = realpathSync(folder);
    if (!statSync(root).isDirectory()) throw new Error("it is not a folder");
    readdirSync(root);
  } catch (error) {
    return { value: undefined, diagnostics: [diagnostic("MESH0001", { folder, reason: reasonOf(error) })] };
  }

  const listed = (under: string, skip: ReadonlySet<string>): string[] => {
    const found: string[] = [];
    for (const entry of entriesOf(join(root, under), under, diagnostics)) {
      const name = under + entry.name;
      if (entry.name.startsWith(".") || skip.has(entry.name)) continue;
      const isModule = isModuleName(entry.name);
      if (entry.isSymbolicLink()) {
        // A link to a file inside is listed where that file is; a link to the outside would be read past the commit.
        const reason = brokenLink(root, join(root, name));
        if (reason === "outside") diagnostics.push(diagnostic("MESH0006", { module: printable(name) }));
        else if (reason !== undefined && isModule) diagnostics.push(diagnostic("MESH0004", { module: name, reason }));
      } else if (entry.isDirectory()) {
        const below = listed(`${name}/`, nested);
        if (below.length > 0 && !portable.test(entry.name)) diagnostics.push(diagnostic("MESH0005", { module: name }));
        found.push(...below);
      } else if (isModule && !portable.test(entry.name)) diagnostics.push(diagnostic("MESH0005", { module: name }));
      else if (isModule && !entry.isFile()) {
        diagnostics.push(diagnostic("MESH0004", { module: name, reason: "it is not a regular file" }));
      } else if (isModule) found.push(name);
      else if (under !== "" && almostModule.test(entry.name)) {
        diagnostics.push(diagnostic("MESH0029", { module: printable(name) }));
      }
    }
    return found;
  };

  const own = listed("", unlistedFolders).sort(byCodeUnits);
  const graph = graphFolder(root, diagnostics) ? listed("graph/", nested).sort(byCodeUnits) : [];
  const folded = new Map<string, string>();
  for (const module of [...own, ...graph]) {
    const other = folded.get(module.toLowerCase());
    if (other !== undefined) diagnostics.push(diagnostic("MESH0007", { module, other }));
    folded.set(module.toLowerCase(), module);
  }
  if (!own.includes(configModule)) diagnostics.push(diagnostic("MESH0002", { folder, above: meshAbove(folder) }));
  const sorted = diagnostics.sort((a, b) => byCodeUnits(a.message, b.message));
  if (failed(sorted)) return { value: undefined, diagnostics: sorted };
  return { value: { root, policies: own.filter((name) => name !== configModule), graph }, diagnostics: sorted };
};

/** The nearest folder above that is a mesh folder, as it is written from where `folder` is. */
export const meshAbove = (folder: string): string | undefined => {
  let above = folder;
  for (let at = realpathSync(folder); dirname(at) !== at; at = dirname(at)) {
    above = join(above, "..");
    if (existsSync(join(dirname(at), configModule))) return above;
  }
  return undefined;
};

/** Everywhere but at the top, `graph` is a folder like any other. */
const nested = new Set(["node_modules"]);

/** What authors may take for a module. At the top lie the settings of other tools, too. */
const almostModule = /\.(?:[jt]sx|[cm]?js|[cm]ts)$/;

const entriesOf = (path: string, name: string, diagnostics: Diagnostic[]) => {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    diagnostics.push(diagnostic("MESH0004", { module: name, reason: reasonOf(error) }));
    return [];
  }
};

const graphFolder = (root: string, diagnostics: Diagnostic[]): boolean => {
  const path = join(root, "graph");
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  if (brokenLink(root, path) === undefined) return true;
  diagnostics.push(diagnostic("MESH0006", { module: "graph" }));
  return false;
};

/** Why a path does not end at something in the mesh folder. */
const brokenLink = (root: string, link: string): string | undefined => {
  try {
    const target = realpathSync(link);
    return target === root || target.startsWith(root + sep) ? undefined : "outside";
  } catch (error) {
    return reasonOf(error);
  }
};

const printable = (name: string): string => (/^[\x20-\x7e]*$/.test(name) ? name : JSON.stringify(name));

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** "no such file or directory", without Node's error class and path. */
export const reasonOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  return /^[A-Z]+: ([^,]+),/.exec(message)?.[1] ?? message;
};
