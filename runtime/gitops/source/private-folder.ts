import { randomUUID } from "node:crypto";
import { chmod, lstat, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { diskReason } from "../../../compiler/disk-reason.ts";
import { SourceError } from "./source.ts";

/** Where commits lie while they may be in use. */
export interface PrivateFolder {
  /** An empty folder to work in. */
  readonly staged: () => Promise<string>;
  /** Moves what was laid out in a staged folder to its place at once, and takes away the oldest beyond those that are kept. */
  readonly placed: (staged: string, commit: string) => Promise<string>;
  readonly removed: (staged: string) => Promise<void>;
}

const kept = 3;
const staging = "staged-";

/**
 * A folder of mode 0700 in `parent`, for one source alone. What a killed run was about to lay out is taken away; what it had
 * laid out counts as old, and is not used again: a machine that lost its power may have lost parts of it.
 */
export const privateFolder = async (parent: string): Promise<PrivateFolder> => {
  const folder = join(resolve(parent), "commits");
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await lstat(folder);
    if (!found.isDirectory() || found.uid !== process.getuid?.()) throw new Error("it is another user's, or a link");
    await chmod(folder, 0o700);
    for (const name of await readdir(folder))
      if (name.startsWith(staging)) await rm(join(folder, name), { recursive: true });
  } catch (error) {
    throw onDisk(folder, error);
  }
  const places = await byAge(folder);

  return {
    staged: async () => {
      const path = join(folder, `${staging}${randomUUID()}`);
      try {
        await mkdir(path, { mode: 0o700 });
      } catch (error) {
        throw onDisk(folder, error);
      }
      return path;
    },
    placed: async (staged, commit) => {
      const path = join(folder, `${commit}-${randomUUID().slice(0, 8)}`);
      try {
        await rename(staged, path);
      } catch (error) {
        throw onDisk(folder, error);
      }
      places.push(path);
      // What cannot be taken away now is old to the next run, too.
      for (const old of places.splice(0, Math.max(0, places.length - kept)))
        await rm(old, { recursive: true, force: true }).catch(() => undefined);
      return path;
    },
    removed: (staged) => rm(staged, { recursive: true, force: true }).catch(() => undefined),
  };
};

const byAge = async (folder: string): Promise<string[]> => {
  const paths = (await readdir(folder)).map((name) => join(folder, name));
  const ages = await Promise.all(paths.map(async (path) => ({ path, at: (await stat(path)).mtimeMs })));
  return ages.sort((a, b) => a.at - b.at).map(({ path }) => path);
};

export const onDisk = (folder: string, error: unknown): SourceError =>
  new SourceError("disk", `a commit cannot be laid out in ${folder}: ${diskReason(error)}`);
