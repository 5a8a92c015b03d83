import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expandOid, getConfig, listBranches, listRefs, listTags, readObject, resolveRef } from "isomorphic-git";
import type { Repository } from "./repository.ts";
import { repositoryFiles, virtualFolder } from "./repository-files.ts";
import { diskReason } from "../disk-reason.ts";
import { objectId, type GitObject, type ObjectStore, type ObjectType } from "../commit/object.ts";
import { refusal } from "../commit/refusal.ts";

/** What a repository answers. */
export interface Objects extends ObjectStore {
  /** The object that a ref names, by the rules of `git rev-parse`. */
  readonly named: (ref: string) => Promise<string | undefined>;
  /** Objects whose id begins so. */
  readonly abbreviated: (id: string) => Promise<readonly string[]>;
  /** Branches, tags and remote branches as one would write them. */
  readonly names: () => Promise<readonly string[]>;
  /** Commits whose parents were not fetched. */
  readonly shallow: ReadonlySet<string>;
}

/** Opens the object store; refuses formats whose ids or refs isomorphic-git would read wrongly. */
export const openedObjects = async (repository: Repository): Promise<Objects> => {
  const fs = repositoryFiles(repository);
  const at = { fs, gitdir: virtualFolder, cache: {} };
  const setting = async (name: string): Promise<string> =>
    String((await getConfig({ ...at, path: `extensions.${name}` })) ?? "").toLowerCase();
  const [ids, refs] = [await setting("objectformat"), await setting("refstorage")];
  if (ids !== "" && ids !== "sha1")
    throw refusal("MESH0207", { format: `has ${ids.toUpperCase().replace(/^SHA(\d)/, "SHA-$1")} ids` });
  if (refs !== "" && refs !== "files") throw refusal("MESH0207", { format: `keeps its refs in a ${refs}` });

  const packs = (await fs.promises.readdir(`${virtualFolder}/objects/pack`)) as readonly string[];
  return {
    object: async (id) => {
      let found: GitObject;
      try {
        const { type, object } = await readObject({ ...at, oid: id, format: "content" });
        found = { type: type as ObjectType, bytes: object as Buffer };
      } catch (error) {
        if (isCode(error, "NotFoundError")) return undefined;
        throw refusal("MESH0208", { object: id, reason: diskReason(error).split("\n")[0]! });
      }
      if (objectId(found.type, found.bytes) !== id)
        throw refusal("MESH0208", { object: id, reason: "its content has another id" });
      return found;
    },
    named: async (ref) => {
      try {
        const id = await resolveRef({ ...at, ref });
        return /^[0-9a-f]{40}$/.test(id) ? id : undefined;
      } catch {
        // Not there, or a file that holds no ref.
        return undefined;
      }
    },
    abbreviated: async (id) => {
      try {
        return [await expandOid({ ...at, oid: id })];
      } catch (error) {
        if (isCode(error, "AmbiguousError"))
          return (error as { readonly data: { readonly matches: readonly string[] } }).data.matches;
        if (isCode(error, "NotFoundError")) return [];
        throw refusal("MESH0208", { object: id, reason: diskReason(error) });
      }
    },
    names: async () => {
      const lists = await Promise.all([listBranches(at), listTags(at), listRefs({ ...at, filepath: "refs/remotes" })]);
      return [...new Set(lists.flat())];
    },
    shallow: new Set(linesOf(join(repository.common, "shallow"))),
    partial: packs.some((name) => name.endsWith(".promisor")),
  };
};

const isCode = (error: unknown, code: string): boolean => (error as { readonly code?: unknown }).code === code;

const linesOf = (path: string): readonly string[] => {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
};
