import { rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { diskReason } from "../compiler/disk-reason.ts";
import { withParents } from "./parent-folders.ts";

/** Writes a file as a whole or not at all: whoever opens it sees the old text or the new one. Says why it could not. */
export const replacedFile = async (path: string, text: string): Promise<string | undefined> => {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return "it is a folder";
  if (found !== undefined && !found.isFile()) return "it is not an ordinary file";
  await withParents(path);
  const beside = join(dirname(resolve(path)), `.${basename(resolve(path))}.${process.pid}`);
  try {
    await writeFile(beside, text);
    await rename(beside, path);
    return undefined;
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    return diskReason(error);
  }
};
