import { readdir, readFile } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { replacedFolder } from "../../compiler/replaced-folder.ts";
import { isStaged, updatedFolder } from "../../compiler/updated-folder.ts";
import type { OutputFile } from "../../targets/target.ts";
import { withParents } from "../parent-folders.ts";

/** `replaced`: the old folder or the new one, whatever happens. `updated`: file by file, in order, for whoever watches them. */
export type Output = "replaced" | "updated";

const marker = ".meshwright-output";
const markerText = "Written by mesh-compile build, which replaces this folder as a whole:\n";

/** Writes a target's output; says why it could not. Nothing is touched in a folder in which somebody else wrote. */
export const written = async (
  out: string,
  files: readonly OutputFile[],
  output: Output,
): Promise<string | undefined> => {
  await withParents(out);
  const marked = { path: marker, text: markerText + files.map(({ path }) => `${path}\n`).join("") };
  if (output === "replaced") {
    const unwritten = await replacedFolder(out, [...files, marked], (folder) => foreignName(folder, output));
    if (unwritten === undefined) return undefined;
    return unwritten.kind === "foreign" ? foreign(unwritten.name) : unwritten.reason;
  }
  const before = await ours(out);
  const stranger = await foreignName(out, output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (stranger !== undefined) return foreign(stranger);
  const wanted = new Set([marker, ...files.map(({ path }) => path)]);
  const surplus = [...before].filter((path) => path !== "" && !wanted.has(path));
  // Named before they are written: what a killed run leaves is still known as ours.
  const announced = { path: marker, text: marked.text + surplus.map((path) => `${path}\n`).join("") };
  return (await updatedFolder(out, [announced, ...files], surplus)) ?? (await updatedFolder(out, [marked], []));
};

const foreign = (name: string): string => `it holds ${name}, which mesh-compile did not write`;

/** The files that our mark names. */
const ours = async (out: string): Promise<ReadonlySet<string>> => {
  const text = await readFile(join(out, marker), "utf8").catch(() => "");
  if (!text.startsWith(markerText)) return new Set();
  // A mark that somebody wrote for us must not lead out of the folder.
  const names = text.split("\n").slice(1);
  return new Set([marker, ...names.filter((name) => !isAbsolute(name) && !name.split(/[\\/]/).includes(".."))]);
};

/** A file that our mark does not name is somebody else's, but for the identities that proxies keep beside their configuration. */
const foreignName = async (out: string, output: Output): Promise<string | undefined> => {
  const known = await ours(out);
  const found = await readdir(out, { recursive: true, withFileTypes: true });
  const nameOf = (entry: (typeof found)[number]): string =>
    relative(out, join(entry.parentPath, entry.name)).replaceAll("\\", "/");
  // What is written through a link lands elsewhere.
  const link = found.find((entry) => entry.isSymbolicLink() && !(output === "updated" && isIdentity(nameOf(entry))));
  if (link !== undefined) return nameOf(link);
  return found
    .filter((entry) => !entry.isDirectory())
    .map(nameOf)
    .sort()
    .find((name) => !known.has(name) && !(output === "updated" && (isStaged(name) || isIdentity(name))));
};

/** Written by whoever keeps a proxy's identity beside its configuration. Replacing the folder as a whole would take it along. */
const isIdentity = (name: string): boolean => /^(xds|native)\/[^/]+\/[^/]+\/[^/]+\/identity\//.test(name);
