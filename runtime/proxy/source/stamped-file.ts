import type { Stats } from "node:fs";
import { open } from "node:fs/promises";

/** The text of a file that tells a proxy to serve nothing. */
export const nothing = "null\n";

export interface StampedFile {
  readonly text: string;
  readonly stamp: string;
}

/** A file's text, and which file it is. */
export const stampedFile = async (path: string): Promise<StampedFile> => {
  const file = await open(path);
  try {
    return { stamp: stampOf(await file.stat()), text: await file.readFile("utf8") };
  } finally {
    await file.close();
  }
};

/** Which file it is: another one at the same path differs, also where it says the same. */
export const stampOf = ({ dev, ino, size, mtimeMs }: Stats): string => `${dev} ${ino} ${size} ${mtimeMs}`;
