import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { missingObject, type Bounds, type MeshFile, type MeshTree } from "./mesh-tree.ts";
import { objectId, type ObjectStore } from "./object.ts";
import { diskReason } from "../disk-reason.ts";
import { refusal } from "./refusal.ts";

export interface Layout {
  /** Empty and private: the mesh is written into its folder `mesh`. It may be moved as a whole afterwards. */
  readonly temporary: string;
  /** The mesh folder as it is now, where there is one; what it has in common with the commit is taken from here. */
  readonly present: string | undefined;
  readonly named: { readonly written: string; readonly commit: string };
  readonly bounds: Bounds;
}

/**
 * Writes a tree to disk and returns its folder.
 *
 * INVARIANT: no file is written through a link, since links come last and nothing that is there is opened; no file's content
 * differs from what its id says; no link leads out of the folder, but to an empty one beside it, where the loader refuses it.
 */
export const laidOut = async (objects: ObjectStore, tree: MeshTree, layout: Layout): Promise<string> => {
  const folder = join(layout.temporary, "mesh");
  const outside = join(layout.temporary, "outside");
  const contents = contentReader(objects, layout);
  const written = (path: string, write: (to: string) => void): void => {
    try {
      write(join(folder, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST")
        throw refusal("MESH0209", { path, why: "to this file system, it is the same as another name beside it" });
      throw refusal("MESH0212", { folder: layout.temporary, reason: diskReason(error) });
    }
  };

  for (const path of ["", ...tree.folders]) written(path, (to) => mkdirSync(to, { mode: 0o700 }));
  for (const file of tree.files) {
    const bytes = await contents(file);
    written(file.path, (to) => writeFileSync(to, bytes, { mode: 0o600, flag: "wx" }));
  }
  const targets = new Map<string, string>();
  for (const link of tree.links) targets.set(link.path, (await contents(link)).toString("utf8"));
  const folders = new Set(tree.folders);
  const within = (path: string, target: string): boolean => isTarget(target) && !leadsOut(path, targets, folders);
  if ([...targets].some(([path, target]) => !within(path, target)))
    written("", () => mkdirSync(outside, { mode: 0o700 }));
  for (const [path, target] of targets)
    written(path, (to) => symlinkSync(within(path, target) ? target : relative(dirname(to), outside), to));
  return folder;
};

/** The content of a file: from the work tree where it has the same id there, else from the object store. */
const contentReader = (
  objects: ObjectStore,
  { present, named, bounds }: Layout,
): ((file: MeshFile) => Promise<Buffer>) => {
  let left = bounds.bytes;
  return async ({ path, id }) => {
    const bytes =
      (present === undefined ? undefined : unchanged(join(present, path), id, left)) ??
      (await objects.object(id))?.bytes;
    if (bytes === undefined) throw missingObject(objects, named, id, path);
    left -= bytes.length;
    if (left < 0)
      throw refusal("MESH0211", { written: named.written, what: `more than ${bounds.bytes / 2 ** 20} MiB of files` });
    return bytes;
  };
};

/** The file's bytes, if they are what the commit has: hashed, since filters and line ends make equal files differ. */
const unchanged = (path: string, id: string, most: number): Buffer | undefined => {
  try {
    const found = lstatSync(path);
    if (!found.isFile() || found.size > most) return undefined;
    const bytes = readFileSync(path);
    return objectId("blob", bytes) === id ? bytes : undefined;
  } catch {
    return undefined;
  }
};

/** What a file system takes for the target of a link. */
const isTarget = (target: string): boolean => target !== "" && target.length < 4096 && !/[\0\ufffd]/.test(target);

/**
 * Whether a link's target lies outside, followed step by step as a file system does: `..` counts from where a folder
 * is, not from how it was named. What is not there ends the way; nothing will be written there.
 */
const leadsOut = (link: string, targets: ReadonlyMap<string, string>, folders: ReadonlySet<string>): boolean => {
  const at = link.split("/").slice(0, -1);
  const way = [targets.get(link)!];
  // Systems give up after 40 links.
  for (let followed = 0; way.length > 0;) {
    const rest = way.pop()!;
    if (isAbsolute(rest)) return true;
    const [name = "", ...further] = rest.split("/");
    if (further.length > 0) way.push(further.join("/").replace(/^\/+/, ""));
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (at.length === 0) return true;
      at.pop();
      continue;
    }
    const path = [...at, name].join("/");
    const target = targets.get(path);
    if (target !== undefined) {
      followed += 1;
      if (followed > 40) return false;
      way.push(target);
    } else if (folders.has(path)) at.push(name);
    else return false;
  }
  return false;
};

const isAbsolute = (target: string): boolean => /^(?:[/\\]|[A-Za-z]:)/.test(target);
