import { lstatSync, readFileSync, readdirSync, readlinkSync, type BigIntStats } from "node:fs";
import { join } from "node:path";
import { isModuleName, unlistedFolders } from "../module-name.ts";
import { commitNamed } from "./commit.ts";
import { indexOf, type Index } from "./index-entries.ts";
import { meshTree } from "../commit/mesh-tree.ts";
import { objectId } from "../commit/object.ts";
import { openedObjects, type Objects } from "./objects.ts";
import { Refusal } from "../commit/refusal.ts";
import { repositoryAround, type Repository } from "./repository.ts";

/** How the mesh folder in the work tree differs from the commit that is checked out. */
export interface WorkTreeState {
  /** The commit that HEAD names; undefined before the first one. */
  readonly head: string | undefined;
  /**
   * Files that differ from that commit, that are gone, or that are modules or parts of the graph of which it does not
   * know, be they ignored or not: the compiler reads them all the same. Relative to the mesh folder, POSIX, sorted.
   */
  readonly uncommitted: readonly string[];
}

/**
 * What of a mesh folder is not committed: a comparison with a revision is one with these files, too. Undefined where no
 * repository tells. A file whose line ends alone differ is the same: Git itself writes them as it is told to.
 */
export const workTreeState = async (folder: string): Promise<WorkTreeState | undefined> => {
  try {
    const repository = repositoryAround(folder);
    const objects = await openedObjects(repository);
    const { head, committed } = await checkedOut(objects, repository);
    const index = await indexOf(repository);
    const above = repository.prefix === "" ? "" : `${repository.prefix}/`;
    const uncommitted = [...committed]
      .filter(([path, file]) => !isSame(join(repository.folder, path), index, above + path, file))
      .map(([path]) => path);
    for (const path of presentFiles(repository.folder)) {
      if (!committed.has(path) && (isRead(path) || index.has(above + path))) uncommitted.push(path);
    }
    return { head, uncommitted: uncommitted.sort() };
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
};

interface CommittedFile {
  readonly id: string;
  readonly isLink: boolean;
}

const checkedOut = async (
  objects: Objects,
  { prefix }: Repository,
): Promise<{ readonly head: string | undefined; readonly committed: ReadonlyMap<string, CommittedFile> }> => {
  let head: string | undefined;
  try {
    const commit = await commitNamed(objects, "HEAD");
    head = commit.id;
    const { files, links } = await meshTree(objects, commit, prefix, "HEAD");
    const committed = new Map<string, CommittedFile>();
    for (const { path, id } of files) committed.set(path, { id, isLink: false });
    for (const { path, id } of links) committed.set(path, { id, isLink: true });
    return { head, committed };
  } catch (error) {
    // Before the first commit, or before the first one with this mesh, everything is new.
    if (!(error instanceof Refusal) || !["MESH0202", "MESH0206"].includes(error.diagnostic.code)) throw error;
    return { head, committed: new Map() };
  }
};

const isSame = (path: string, index: Index, tracked: string, { id, isLink }: CommittedFile): boolean => {
  let stats: BigIntStats | undefined;
  try {
    stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined || stats.isSymbolicLink() !== isLink || !(isLink || stats.isFile())) return false;
    const known = index.idOf(tracked, stats);
    if (known !== undefined) return known === id;
    if (isLink) return objectId("blob", readlinkSync(path, { encoding: "buffer" })) === id;
    const bytes = readFileSync(path);
    return objectId("blob", bytes) === id || (bytes.includes("\r\n") && objectId("blob", withLineFeeds(bytes)) === id);
  } catch {
    return false;
  }
};

const withLineFeeds = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n"), "latin1");

/** All files where the compiler looks for modules and for the graph; what it passes by is not entered. */
const presentFiles = (root: string): readonly string[] => {
  const found: string[] = [];
  const unread = [""];
  for (let under = unread.pop(); under !== undefined; under = unread.pop()) {
    for (const entry of entriesOf(join(root, under))) {
      const path = under + entry.name;
      if (!entry.isDirectory()) found.push(path);
      else if (
        !entry.name.startsWith(".") &&
        entry.name !== "node_modules" &&
        (path === "graph" || !unlistedFolders.has(path))
      )
        unread.push(`${path}/`);
    }
  }
  return found;
};

const entriesOf = (path: string) => {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
};

const isRead = (path: string): boolean => {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return !name.startsWith(".") && (isModuleName(name) || (path.startsWith("graph/") && name.endsWith(".json")));
};
