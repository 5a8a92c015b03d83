import type { Stats } from "node:fs";
import { lstat, open, stat } from "node:fs/promises";

/**
 * Why what lies on the disk is not believed: somebody else could have put it there, or changed it. Undefined where only this
 * user and root could. In a sticky folder nobody moves what is another's, which is how the kubelet mounts secrets.
 */
export const whyDoubted = (
  { uid, mode, isSticky }: { readonly uid: number; readonly mode: number; readonly isSticky?: boolean },
  self = process.getuid?.(),
): string | undefined => {
  // A system without such users has other ways to keep them apart.
  if (self === undefined) return undefined;
  if (uid !== self && uid !== 0) return `belongs to user ${uid}, who is neither this one (${self}) nor root`;
  return (mode & 0o022) !== 0 && isSticky !== true ? "can be written by others than its owner" : undefined;
};

const believed = (path: string, found: Stats): void => {
  // A link's mode says nothing.
  const mode = found.isSymbolicLink() ? 0 : found.mode;
  const why = whyDoubted({ uid: found.uid, mode, isSticky: found.isDirectory() && (mode & 0o1000) !== 0 });
  if (why !== undefined) throw new Error(`${path} ${why}: it is not used; see who put it there`);
};

/** Throws in words for a folder that others could have filled, and as `stat` does where there is none. */
export const believedFolder = async (path: string): Promise<void> => {
  believed(path, await lstat(path));
  believed(path, await stat(path));
};

/** The text of a file and its mode. Throws in words where others could have written it, or made the link that leads to it. */
export const believedFile = async (path: string): Promise<{ readonly text: string; readonly mode: number }> => {
  believed(path, await lstat(path));
  const file = await open(path);
  try {
    // Of what was opened, whatever the path leads to by now.
    const found = await file.stat();
    believed(path, found);
    return { text: await file.readFile("utf8"), mode: found.mode };
  } finally {
    await file.close();
  }
};

/** Undefined where there is no such file. */
export const unlessAbsent = <T>(reading: Promise<T>): Promise<T | undefined> =>
  reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
