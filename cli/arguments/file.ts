import { mkdir, readFile } from "node:fs/promises";
import { diskReason } from "../../compiler/disk-reason.ts";

/** The text of a file that an option names. Rejects in words that name both. */
export const argumentFile = (option: string, file: string): Promise<string> =>
  readFile(file, "utf8").catch((error: unknown) => {
    throw new Error(`${option} ${file}: ${diskReason(error)}`, { cause: error });
  });

/** Makes the folder that an option names, where it is not there. Rejects in words that name both. */
export const argumentFolder = async (option: string, folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${option} ${folder}: ${error.code === "EEXIST" ? "it is no folder" : diskReason(error)}`, {
      cause: error,
    });
  });
};
