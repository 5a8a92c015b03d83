import { randomUUID } from "node:crypto";
import { lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { diskReason } from "./disk-reason.ts";

/** A file to be written, its path relative to the folder. */
export interface FolderFile {
  readonly path: string;
  readonly text: string;
}

export type Unwritten =
  { readonly kind: "foreign"; readonly name: string } | { readonly kind: "failed"; readonly reason: string };

/** Files written at one time: each waits for the disk. */
const together = 16;

/** Where an interrupted replacement leaves the old folder. */
const retiredPath = (folder: string): string => join(dirname(resolve(folder)), `.${basename(resolve(folder))}.old`);

/**
 * Replaces a folder by these files as a whole: after a crash or on a full disk it is the old one or the new one, never
 * some of both. `foreign` names a file in a folder that somebody else wrote; then nothing is touched. It throws where
 * that cannot be known.
 */
export const replacedFolder = async (
  folder: string,
  files: readonly FolderFile[],
  foreign: (folder: string) => Promise<string | undefined>,
): Promise<Unwritten | undefined> => {
  const target = resolve(folder);
  const retired = retiredPath(target);
  const staged = join(dirname(target), `.${basename(target)}.${randomUUID()}.new`);
  try {
    for (const present of [target, retired]) {
      const stranger = (await namesIn(present)).length === 0 ? undefined : await foreign(present);
      if (stranger !== undefined) return { kind: "foreign", name: join(relative(target, present), stranger) };
    }
    await recovered(target, retired);
    await withoutLeftovers(target);
    await mkdir(staged);
    for (const below of new Set(files.map(({ path }) => dirname(path))))
      if (below !== ".") await mkdir(join(staged, below), { recursive: true });
    for (let at = 0; at < files.length; at += together) {
      const some = files.slice(at, at + together).map(({ path, text }) => written(join(staged, path), text));
      // All of them come to an end before anything is taken away again.
      for (const write of await Promise.allSettled(some)) if (write.status === "rejected") throw write.reason;
    }
    const existed = await exists(target);
    if (existed) await rename(target, retired);
    try {
      await rename(staged, target);
    } catch (error) {
      if (existed) await rename(retired, target);
      throw error;
    }
    // The work is done; what cannot be removed now is removed the next time.
    await rm(retired, { recursive: true, force: true }).catch(() => undefined);
    return undefined;
  } catch (error) {
    await rm(staged, { recursive: true, force: true }).catch(() => undefined);
    return { kind: "failed", reason: diskReason(error) };
  }
};

/** A crash between the two renames left the old folder under its other name. */
const recovered = async (target: string, retired: string): Promise<void> => {
  if (!(await exists(retired))) return;
  if (await exists(target)) await rm(retired, { recursive: true, force: true });
  else await rename(retired, target);
};

/** What a killed run staged. A younger one may still be at work. */
const withoutLeftovers = async (target: string): Promise<void> => {
  const prefix = `.${basename(target)}.`;
  for (const name of await namesIn(dirname(target))) {
    if (!name.startsWith(prefix) || !/^[-0-9a-f]{36}\.new$/.test(name.slice(prefix.length))) continue;
    const path = join(dirname(target), name);
    const found = await lstat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > 3_600_000) await rm(path, { recursive: true, force: true });
  }
};

const written = async (path: string, text: string): Promise<void> => {
  const file = await open(path, "wx");
  try {
    await file.writeFile(text);
    // Without this a crash of the machine could leave a renamed folder of empty files.
    await file.sync();
  } finally {
    await file.close();
  }
};

const namesIn = async (folder: string): Promise<readonly string[]> => {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
};

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
