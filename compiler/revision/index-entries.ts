import { statSync, type BigIntStats } from "node:fs";
import { join } from "node:path";
import { GitIndexManager } from "isomorphic-git/managers";
import { FileSystem } from "isomorphic-git/models";
import { repositoryFiles, virtualFolder } from "./repository-files.ts";
import type { Repository } from "./repository.ts";

/** What Git last saw of a file, and the id that it then had. */
interface IndexEntry {
  readonly oid: string;
  readonly size: number;
  readonly ino: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly ctimeSeconds: number;
  readonly ctimeNanoseconds: number;
  readonly flags: { readonly stage: number };
}

export interface Index {
  readonly has: (path: string) => boolean;
  /** The id of a file, if nothing of it has changed since Git saw it; it need not be read then. */
  readonly idOf: (path: string, stats: BigIntStats) => string | undefined;
}

/** The index of a work tree, by paths from its top. One that cannot be read (version 4, split) knows nothing. */
export const indexOf = async (repository: Repository): Promise<Index> => {
  let entries: ReadonlyMap<string, IndexEntry>;
  let written: bigint;
  try {
    written = statSync(join(repository.own, "index"), { bigint: true }).mtimeNs;
    const fs = new FileSystem(repositoryFiles(repository)) as Parameters<typeof GitIndexManager.acquire>[0]["fs"];
    entries = (await GitIndexManager.acquire(
      { fs, gitdir: virtualFolder, cache: {} },
      (index) => index.entriesMap as unknown,
    )) as ReadonlyMap<string, IndexEntry>;
  } catch {
    return { has: () => false, idOf: () => undefined };
  }
  return {
    has: (path) => entries.has(path),
    idOf: (path, stats) => {
      const entry = entries.get(path);
      if (entry === undefined || entry.flags.stage !== 0) return undefined;
      const modified = nanoseconds(entry.mtimeSeconds, entry.mtimeNanoseconds);
      const same =
        modified === stats.mtimeNs &&
        nanoseconds(entry.ctimeSeconds, entry.ctimeNanoseconds) === stats.ctimeNs &&
        BigInt(entry.size) === BigInt.asUintN(32, stats.size) &&
        BigInt(entry.ino) === BigInt.asUintN(32, stats.ino);
      // What was written while the index was could have changed again unseen (Git's racy-git.txt).
      return same && modified < written ? entry.oid : undefined;
    },
  };
};

const nanoseconds = (seconds: number, rest: number): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(rest);
