import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { diskReason } from "./disk-reason.ts";
import type { FolderFile } from "./replaced-folder.ts";

const stagedSuffix = ".new";
/** What a killed run leaves: `.cds.json.4711.new`. */
export const isStaged = (name: string): boolean => /(^|\/)\.[^/]+\.\d+\.new$/.test(name);

/**
 * Writes files into a folder that somebody watches: each is replaced as a whole, in the order given, and only if it says
 * something else; what `surplus` names goes last. Says why it could not. Unlike `replacedFolder` it can end in the middle.
 */
export const updatedFolder = async (
  folder: string,
  files: readonly FolderFile[],
  surplus: readonly string[],
): Promise<string | undefined> => {
  let beside: string | undefined;
  try {
    for (const { path, text } of files) {
      const target = join(folder, path);
      if ((await readFile(target, "utf8").catch(() => undefined)) === text) continue;
      await mkdir(dirname(target), { recursive: true });
      beside = join(dirname(target), `.${basename(target)}.${process.pid}${stagedSuffix}`);
      await writeFile(beside, text);
      await rename(beside, target);
    }
    for (const path of surplus) await rm(join(folder, path), { force: true });
    return undefined;
  } catch (error) {
    if (beside !== undefined) await rm(beside, { force: true }).catch(() => undefined);
    return diskReason(error);
  }
};
