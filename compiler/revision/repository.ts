import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { diskReason } from "../disk-reason.ts";
import { refusal } from "../commit/refusal.ts";

/** Where a repository keeps what it has. All paths are absolute, without symbolic links. */
export interface Repository {
  /** The mesh folder. */
  readonly folder: string;
  /** The top of the work tree. */
  readonly root: string;
  /** The mesh folder relative to `root`, POSIX, "" for the root. */
  readonly prefix: string;
  /** What belongs to this work tree alone: HEAD, the index. */
  readonly own: string;
  /** What linked work trees share: objects, refs. */
  readonly common: string;
}

/**
 * The repository whose work tree holds a folder, found as Git finds it: the nearest `.git` above, be it a folder or, in
 * linked work trees and submodules, a file that names one. GIT_DIR and its like are not asked: the folder alone decides.
 */
export const repositoryAround = (named: string): Repository => {
  let folder: string;
  try {
    folder = realpathSync.native(named);
    if (!statSync(folder).isDirectory()) throw new Error("it is not a folder");
  } catch (error) {
    throw refusal("MESH0001", { folder: named, reason: diskReason(error) });
  }
  for (let root = folder; ; root = dirname(root)) {
    const own = gitFolder(named, root);
    if (own !== undefined) {
      const prefix = relative(root, folder).split(sep).join("/");
      return { folder, root, prefix, own, common: commonFolder(named, own) };
    }
    if (dirname(root) === root) throw refusal("MESH0200", { folder: named, reason: undefined });
  }
};

const gitFolder = (named: string, root: string): string | undefined => {
  const path = join(root, ".git");
  const found = statSync(path, { throwIfNoEntry: false });
  // A folder that only bears the name is passed by; a file that names none is an error.
  if (found?.isDirectory()) return isGitFolder(path) ? realpathSync.native(path) : undefined;
  if (!found?.isFile()) return undefined;
  const target = /^gitdir: (.+?)[\r\n]*$/.exec(textOf(named, path))?.[1];
  const folder = target === undefined ? undefined : resolve(root, target);
  if (folder === undefined || !isGitFolder(folder))
    throw refusal("MESH0200", { folder: named, reason: "its file .git names no Git folder that is there" });
  return realpathSync.native(folder);
};

/** Git's own three signs. A linked work tree's folder has the two others in common with the main one. */
const isGitFolder = (path: string): boolean =>
  exists(join(path, "HEAD")) && (exists(join(path, "commondir")) || exists(join(path, "objects")));

const commonFolder = (named: string, own: string): string => {
  const path = join(own, "commondir");
  if (!exists(path)) return own;
  const target = textOf(named, path).trim();
  const folder = isAbsolute(target) ? target : join(own, target);
  if (!exists(join(folder, "objects")))
    throw refusal("MESH0200", { folder: named, reason: "the repository of this linked work tree is not there" });
  return realpathSync.native(folder);
};

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

const textOf = (named: string, path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw refusal("MESH0200", { folder: named, reason: diskReason(error) });
  }
};
