import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Only the owner may read what holds a key, or says who may have one. */
export const ownerOnly = 0o600;

/** A new file that is on the disk when this returns; rejects with EEXIST where there is one. */
export const createdFile = async (path: string, text: string, mode = ownerOnly): Promise<void> => {
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Names of a folder reach the disk only with the folder. */
export const syncedFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const staged = ".staged-";

/** A name beside the target, for what is not whole yet. */
export const stagedPath = (folder: string): string => join(folder, `${staged}${randomUUID()}`);

/** Replaces a file as a whole and durably: a crash at any moment leaves the old text or the new one. */
export const durableFile = async (path: string, text: string, mode = ownerOnly): Promise<void> => {
  const beside = stagedPath(dirname(path));
  try {
    await createdFile(beside, text, mode);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncedFolder(dirname(path));
};

/** Takes away what killed processes left half-made; a younger one may still be at work. */
export const withoutLeftovers = async (folder: string, olderMs = 3_600_000): Promise<void> => {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(staged)) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > olderMs)
      await rm(join(folder, name), { recursive: true, force: true });
  }
};
