import { configModule } from "../module-name.ts";
import type { Commit } from "./commit.ts";
import type { ObjectStore } from "./object.ts";
import { refusal } from "./refusal.ts";
import { treeReader, unsafeName, type TreeEntry } from "./tree.ts";

/** A mesh folder's tree, flat. Paths are relative to it, POSIX; a folder stands before what is in it. */
export interface MeshTree {
  /** Git's own, 40 hex digits: the same for the same content. What is skipped counts too. */
  readonly id: string;
  readonly folders: readonly string[];
  readonly files: readonly MeshFile[];
  readonly links: readonly MeshFile[];
}

export interface MeshFile {
  readonly path: string;
  readonly id: string;
}

/** How much of a revision is read. */
export interface Bounds {
  readonly files: number;
  readonly bytes: number;
}

/**
 * More than any team's policies have, and as much as fits into memory: trees can name each other to make billions of files.
 */
export const defaultBounds: Bounds = { files: 200_000, bytes: 2 ** 30 };

/** What Linux takes for a path, less what stands before it. */
const longestPath = 3_072;

/** Never part of a mesh, and never read by the compiler; at its top, `out` is what the compiler wrote. */
const isSkipped = ({ name, kind }: TreeEntry, path: string): boolean =>
  kind === "tree" && (name === "node_modules" || path === "out");

/** The tree of the mesh folder in a commit; nothing of it is written yet, and every name in it is fit to be. */
export const meshTree = async (
  objects: ObjectStore,
  commit: Commit,
  prefix: string,
  written: string,
  bounds = defaultBounds,
): Promise<MeshTree> => {
  const named = { written, commit: commit.id.slice(0, 10) };
  const entriesOf = treeReader(objects, (id, path) =>
    missingObject(objects, named, id, path === "" ? "the tree" : path),
  );
  let top = commit.tree;
  let above = "";
  for (const name of prefix === "" ? [] : prefix.split("/")) {
    const entry = (await entriesOf(top, above)).find((each) => each.name === name);
    const path = `${above}${name}`;
    if (entry === undefined) throw refusal("MESH0206", { ...named, why: `there is no ${path}` });
    if (entry.kind === "submodule") throw refusal("MESH0210", { path, written });
    if (entry.kind !== "tree")
      throw refusal("MESH0206", { ...named, why: `${path} is a ${entry.kind === "link" ? "symbolic link" : "file"}` });
    top = entry.id;
    above = `${path}/`;
  }

  const found = { id: top, folders: [] as string[], files: [] as MeshFile[], links: [] as MeshFile[] };
  const unread: { readonly id: string; readonly under: string }[] = [{ id: top, under: "" }];
  let count = 0;
  for (let at = unread.pop(); at !== undefined; at = unread.pop()) {
    for (const entry of await entriesOf(at.id, above + at.under, bounds.files - count)) {
      const path = at.under + entry.name;
      // What is skipped counts too: it was read.
      count += 1;
      if (count > bounds.files) throw refusal("MESH0211", { written, what: `more than ${bounds.files} files` });
      if (isSkipped(entry, path)) continue;
      if (path.length > longestPath)
        throw refusal("MESH0211", { written, what: `a path of more than ${longestPath} characters` });
      const why = unsafeName(entry.name);
      if (why !== undefined) throw refusal("MESH0209", { path, why });
      if (entry.kind === "submodule") throw refusal("MESH0210", { path: above + path, written });
      if (entry.kind === "tree") {
        found.folders.push(path);
        unread.push({ id: entry.id, under: `${path}/` });
      } else (entry.kind === "file" ? found.files : found.links).push({ path, id: entry.id });
    }
  }
  if (![...found.files, ...found.links].some(({ path }) => path === configModule))
    throw refusal("MESH0206", { ...named, why: `${prefix === "" ? "its top folder" : prefix} has no ${configModule}` });
  return found;
};

/** What is not there may be still to come, where the remote promised it. */
export const missingObject = (
  { partial }: ObjectStore,
  { written, commit }: { readonly written: string; readonly commit: string },
  id: string,
  path: string,
): Error =>
  partial
    ? refusal("MESH0205", { what: path, written, commit })
    : refusal("MESH0208", { object: id, reason: `it is missing (${path} of \`${written}\`)` });
