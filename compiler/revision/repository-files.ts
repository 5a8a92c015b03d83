import { readFileSync, readdirSync, statSync, type Stats } from "node:fs";
import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { PromiseFsClient } from "isomorphic-git";
import type { Repository } from "./repository.ts";

/** The repository's folder as isomorphic-git is told: all paths under it are looked up by `repositoryFiles`. */
export const virtualFolder = "/repository";

/**
 * A repository as isomorphic-git expects one: its own, shared and borrowed files (linked work trees, alternates) in one folder.
 *
 * INVARIANT: nothing here writes, and no name leads elsewhere than to the repository's refs, objects, index and settings.
 */
export const repositoryFiles = (repository: Repository): PromiseFsClient => {
  const stores = objectStores(join(repository.common, "objects"));
  // Looked up thousands of times; and a name that is not listed needs no attempt to open it.
  const listed = new Map<string, ReadonlySet<string>>();
  const namesIn = (below: string): ReadonlySet<string> => {
    let names = listed.get(below);
    if (names === undefined) {
      names = new Set(stores.flatMap((store) => entries(join(store, below))));
      listed.set(below, names);
    }
    return names;
  };

  const stored = (below: string): string => {
    const cut = below.lastIndexOf("/");
    if (!namesIn(below.slice(0, Math.max(0, cut))).has(below.slice(cut + 1))) throw absent;
    const paths = stores.map((store) => join(store, below));
    return (paths.length > 1 ? paths.find(exists) : undefined) ?? paths[0]!;
  };

  const located = (path: string): string => {
    const name = path.slice(virtualFolder.length + 1);
    const names = name.split("/");
    if (!path.startsWith(`${virtualFolder}/`) || names.some((part) => !/^[^\0\\]+$/.test(part) || /^\.\.?$/.test(part)))
      throw absent;
    if (names[0] === "objects") return stored(names.slice(1).join("/"));
    // HEAD, ORIG_HEAD, FETCH_HEAD and the index are each work tree's own, as are three folders of refs.
    if (/^(?:[A-Z_]*HEAD|index|refs\/(?:bisect|worktree|rewritten)\/.+)$/.test(name)) return join(repository.own, name);
    if (/^(?:config|packed-refs|shallow|refs(?:\/.+)?)$/.test(name)) return join(repository.common, name);
    throw absent;
  };

  const readOnly = (): Promise<never> => Promise.reject(new Error("a repository is only read"));
  return {
    promises: {
      readFile: async (
        path: string,
        options: { readonly encoding?: BufferEncoding } = {},
      ): Promise<Buffer | string> => {
        const file = located(path);
        // Small files are read at once; only packs are worth a turn of the loop.
        return file.endsWith(".pack") ? readFile(file, options) : readFileSync(file, options);
      },
      readdir: async (path: string): Promise<string[]> =>
        path.startsWith(`${virtualFolder}/objects/`)
          ? [...namesIn(path.slice(`${virtualFolder}/objects/`.length))]
          : readdirSync(located(path)),
      stat: async (path: string): Promise<Stats> => statSync(path === virtualFolder ? repository.own : located(path)),
      lstat: async (path: string): Promise<Stats> => statSync(located(path)),
      readlink: readOnly,
      writeFile: readOnly,
      unlink: readOnly,
      mkdir: readOnly,
      rmdir: readOnly,
      symlink: readOnly,
    },
  };
};

/** The repository's object store and those it borrows from (objects/info/alternates), which may borrow in turn. */
const objectStores = (first: string): readonly string[] => {
  const stores = [first];
  for (const store of stores) {
    let text: string;
    try {
      text = readFileSync(join(store, "info", "alternates"), "utf8");
    } catch {
      continue;
    }
    for (const line of text.split(/\r?\n/)) {
      if (line === "" || line.startsWith("#")) continue;
      const path = isAbsolute(line) ? line : join(store, line);
      if (exists(path) && !stores.includes(path) && stores.length < mostStores) stores.push(path);
    }
  }
  return stores;
};

/** Git follows five levels; a list is as good a bound. */
const mostStores = 64;

const entries = (path: string): readonly string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** One for all: it is thrown for every object that is packed, and to note where it was thrown takes longer than to look. */
const absent = Object.assign(new Error("no such file"), { code: "ENOENT" });
