import { realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { relative, isAbsolute } from "node:path";
import type { Staged } from "../../lib/diagnostics/diagnostic.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { commitNamed } from "./commit.ts";
import { laidOut } from "../commit/laid-out.ts";
import { defaultBounds, meshTree, type Bounds } from "../commit/mesh-tree.ts";
import { openedObjects } from "./objects.ts";
import { diskReason } from "../disk-reason.ts";
import { Refusal, refusal } from "../commit/refusal.ts";
import { repositoryAround } from "./repository.ts";

export { workTreeState } from "./work-tree-state.ts";

/** A mesh folder as a commit had it. */
export interface MeshAtRevision {
  /** Holds nothing but the mesh folder's files. */
  readonly folder: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** The revision as it was written. */
  readonly named: string;
  /** The mesh folder relative to the repository's top, POSIX, "" for the top. */
  readonly prefix: string;
  /** Takes the folder away; once is enough, more does no harm. */
  readonly remove: () => Promise<void>;
}

/**
 * A mesh folder as a commit had it, in a private temporary folder outside of the work tree: its policies can be compiled
 * with the graph that was committed beside them. Read from Git's objects; work tree, index, refs and settings stay as they
 * are. What a killed run left is taken away by the next one after an hour.
 */
export const meshAtRevision = async (
  folder: string,
  revision: string,
  bounds = defaultBounds,
): Promise<Staged<MeshAtRevision>> => {
  try {
    return { value: await written(folder, revision, bounds), diagnostics: [] };
  } catch (error) {
    if (error instanceof Refusal) return { value: undefined, diagnostics: [error.diagnostic] };
    throw error;
  }
};

const written = async (folder: string, revision: string, bounds: Bounds): Promise<MeshAtRevision> => {
  const repository = repositoryAround(folder);
  const objects = await openedObjects(repository);
  const commit = await commitNamed(objects, revision);
  const tree = await meshTree(objects, commit, repository.prefix, revision, bounds);
  const temporary = temporaryOutside(repository.root);
  const remove = async (): Promise<void> => {
    // What cannot be taken away now is taken away by a later run.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
  };
  try {
    const named = { written: revision, commit: commit.id.slice(0, 10) };
    const mesh = await laidOut(objects, tree, { temporary, present: repository.folder, named, bounds });
    return { folder: mesh, commit: commit.id, named: revision, prefix: repository.prefix, remove };
  } catch (error) {
    await remove();
    throw error;
  }
};

/** Within the work tree it would be taken for a part of the mesh, or be committed. */
const temporaryOutside = (root: string): string => {
  const parent = tmpdir();
  try {
    const from = relative(root, realpathSync.native(parent));
    if (from === "" || !(from.startsWith("..") || isAbsolute(from))) throw new Error("it is part of the work tree");
    return temporaryFolder("meshwright-base-");
  } catch (error) {
    throw refusal("MESH0212", { folder: parent, reason: diskReason(error) });
  }
};
