import { randomUUID } from "node:crypto";
import { lstat, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { generator, platformFile, snapshotFile, type GraphFile } from "./graph-files.ts";
import { handlesMarker } from "./handle-module.ts";
import { graphFolder, retiredFolder } from "./read-snapshot.ts";

/** The files of the graph folder as they are, for comparison: what is not there or cannot be read is left out. */
export const presentFiles = async (meshFolder: string): Promise<readonly GraphFile[]> => {
  const folder = join(meshFolder, graphFolder);
  const names = (await namesIn(folder).catch(() => [])).filter(isGenerated);
  const files = names.map(async (path) => ({
    path,
    text: await readFile(join(folder, path), "utf8").catch(() => undefined),
  }));
  return (await Promise.all(files)).flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }]));
};

const isGenerated = (name: string): boolean => name === snapshotFile || name === platformFile || name.endsWith(".ts");

/**
 * Replaces the graph folder by these files as a whole: after a crash or on a full disk it is the old one or the new one,
 * never some of both. A file that we did not write is never touched: then nothing is.
 */
export const replacedGraph = async (
  meshFolder: string,
  files: readonly GraphFile[],
): Promise<Diagnostic | undefined> => {
  const folder = join(meshFolder, graphFolder);
  const retired = join(meshFolder, retiredFolder);
  const staged = join(meshFolder, `.graph.${randomUUID()}.new`);
  try {
    await recovered(folder, retired);
    await withoutLeftovers(meshFolder);
    const foreign = await foreignFile(folder);
    if (foreign !== undefined) return diagnostic("MESH4033", { path: foreign });
    await mkdir(staged);
    for (const { path, text } of files) await written(join(staged, path), text);
    const existed = await exists(folder);
    if (existed) await rename(folder, retired);
    try {
      await rename(staged, folder);
    } catch (error) {
      if (existed) await rename(retired, folder);
      throw error;
    }
    // The work is done; what cannot be removed now is removed by the next sync.
    await rm(retired, { recursive: true, force: true }).catch(() => undefined);
    return undefined;
  } catch (error) {
    await rm(staged, { recursive: true, force: true }).catch(() => undefined);
    return diagnostic("MESH4034", { path: folder, reason: reasonOf(error) });
  }
};

/** A crash between the two renames left the old folder under its other name. */
const recovered = async (folder: string, retired: string): Promise<void> => {
  if (!(await exists(retired))) return;
  if (await exists(folder)) await rm(retired, { recursive: true, force: true });
  else await rename(retired, folder);
};

/** What a killed sync staged. A younger one may still be at work. */
const withoutLeftovers = async (meshFolder: string): Promise<void> => {
  for (const name of await namesIn(meshFolder)) {
    if (!/^\.graph\.[-0-9a-f]{36}\.new$/.test(name)) continue;
    const path = join(meshFolder, name);
    const found = await lstat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > 3_600_000) await rm(path, { recursive: true, force: true });
  }
};

const foreignFile = async (folder: string): Promise<string | undefined> => {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (!(await lstat(path)).isFile() || !(await isOurs(name, path))) return path;
  }
  return undefined;
};

const isOurs = async (name: string, path: string): Promise<boolean> => {
  const text = await readFile(path, "utf8");
  if (name === snapshotFile || name === platformFile)
    return text.slice(0, 200).includes(`"generator": ${JSON.stringify(generator)}`);
  return name.endsWith(".ts") && text.startsWith(`${handlesMarker}\n`);
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

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "a file would be larger than the system allows",
  ENOTDIR: "a part of the path is no folder",
  ENOTEMPTY: "another process wrote it at the same time",
  EEXIST: "another process wrote it at the same time",
  ENOENT: "there is no such folder",
};

const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : reasons[code]) ?? message;
};
