import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { replacedFolder } from "../replaced-folder.ts";
import { generator, platformFile, snapshotFile, type GraphFile } from "./graph-files.ts";
import { handlesMarker } from "./handle-module.ts";
import { graphFolder } from "./read-snapshot.ts";

/** The files of the graph folder as they are, for comparison: what is not there or cannot be read is left out. */
export const presentFiles = async (meshFolder: string): Promise<readonly GraphFile[]> => {
  const folder = join(meshFolder, graphFolder);
  const names = (await readdir(folder).catch(() => [])).filter(isGenerated).sort();
  const files = names.map(async (path) => ({
    path,
    text: await readFile(join(folder, path), "utf8").catch(() => undefined),
  }));
  return (await Promise.all(files)).flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }]));
};

const isGenerated = (name: string): boolean => name === snapshotFile || name === platformFile || name.endsWith(".ts");

/** Replaces the graph folder by these files as a whole. A file that we did not write is never touched: then nothing is. */
export const replacedGraph = async (
  meshFolder: string,
  files: readonly GraphFile[],
): Promise<Diagnostic | undefined> => {
  const folder = join(meshFolder, graphFolder);
  const unwritten = await replacedFolder(folder, files, foreignFile);
  if (unwritten === undefined) return undefined;
  return unwritten.kind === "foreign"
    ? diagnostic("MESH4033", { path: join(folder, unwritten.name) })
    : diagnostic("MESH4034", { path: folder, reason: unwritten.reason });
};

const foreignFile = async (folder: string): Promise<string | undefined> => {
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    if (!(await lstat(path)).isFile() || !(await isOurs(name, path))) return name;
  }
  return undefined;
};

const isOurs = async (name: string, path: string): Promise<boolean> => {
  const text = await readFile(path, "utf8");
  if (name === snapshotFile || name === platformFile)
    return text.slice(0, 200).includes(`"generator": ${JSON.stringify(generator)}`);
  return name.endsWith(".ts") && text.startsWith(`${handlesMarker}\n`);
};
