import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

const marker = ".meshwright-output";
const markerText = "Written by mesh-compile build, which replaces this folder as a whole.\n";

/** Why a folder could not be replaced; the old one is as it was. */
export interface Unwritten {
  readonly reason: string;
  readonly path: string;
}

/**
 * Replaces a folder by these files as a whole: a reader sees all of the old ones or all of the new ones, and so does
 * whoever comes after a crash or a full disk. A folder that was not written by us is never replaced.
 */
export const replacedFolder = async (
  folder: string,
  files: readonly { readonly path: string; readonly text: string }[],
): Promise<Unwritten | undefined> => {
  const target = resolve(folder);
  const staged = join(dirname(target), `.${basename(target)}.${randomUUID()}.new`);
  const retired = join(dirname(target), `.${basename(target)}.old`);
  try {
    await mkdir(dirname(target), { recursive: true });
    await recovered(target, retired);
    const foreign = await foreignContent(target);
    if (foreign !== undefined)
      return { reason: "it holds files that mesh-compile did not write", path: join(target, foreign) };
    await mkdir(staged);
    for (const { path, text } of [...files, { path: marker, text: markerText }]) {
      const file = join(staged, path);
      await mkdir(dirname(file), { recursive: true });
      const handle = await open(file, "wx");
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    const existed = await exists(target);
    if (existed) await rename(target, retired);
    try {
      await rename(staged, target);
    } catch (error) {
      if (existed) await rename(retired, target);
      throw error;
    }
    await rm(retired, { recursive: true, force: true });
    return undefined;
  } catch (error) {
    await rm(staged, { recursive: true, force: true }).catch(() => undefined);
    return { reason: reasonOf(error), path: target };
  }
};

/** A crash between the two renames left the old folder under its other name. */
const recovered = async (target: string, retired: string): Promise<void> => {
  if (!(await exists(retired))) return;
  if (await exists(target)) await rm(retired, { recursive: true, force: true });
  else await rename(retired, target);
};

const foreignContent = async (target: string): Promise<string | undefined> => {
  const entries = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (entries.length === 0) return undefined;
  const written = await readFile(join(target, marker), "utf8").catch(() => "");
  return written === markerText ? undefined : entries.sort()[0];
};

const exists = (path: string): Promise<boolean> =>
  access(path, constants.F_OK).then(
    () => true,
    () => false,
  );

const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  const words: Readonly<Record<string, string>> = {
    EACCES: "it may not be written to",
    EPERM: "it may not be written to",
    EROFS: "it is on a file system that may not be written to",
    ENOSPC: "the disk is full",
    EDQUOT: "the disk quota is used up",
    ENOTDIR: "something on its path is no folder",
    EFBIG: "a file would be larger than the system allows",
  };
  return words[code ?? ""] ?? message;
};
