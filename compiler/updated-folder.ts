import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { diskReason } from "./disk-reason.ts";
import type { FolderFile } from "./replaced-folder.ts";

/**
 * Writes files into a folder that somebody watches: each is replaced as a whole, in the order given, and only if it says
 * something else; what `surplus` names goes last. Says why it could not. Unlike `replacedFolder` it can end in the middle.
 */
export const updatedFolder = async (
  folder: string,
  files: readonly FolderFile[],
  surplus: readonly string[],
): Promise<string | undefined> => {
  try {
    for (const { path, text } of files) {
      const target = join(folder, path);
      if ((await readFile(target, "utf8").catch(() => undefined)) === text) continue;
      await mkdir(dirname(target), { recursive: true });
      const beside = `${target}.${process.pid}.new`;
      await writeFile(beside, text);
      await rename(beside, target);
    }
    for (const path of surplus) await rm(join(folder, path), { force: true });
    return undefined;
  } catch (error) {
    return diskReason(error);
  }
};
