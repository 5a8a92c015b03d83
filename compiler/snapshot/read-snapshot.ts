import { existsSync } from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic, Staged } from "../../lib/diagnostics/diagnostic.ts";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import { sourceText, spanAt } from "../source-text.ts";
import { dotted, located } from "./located.ts";
import { platformFile, snapshotFile, snapshotVersion, type Snapshot, type SnapshotOptions } from "./graph-files.ts";
import type { Misshapen, Shape } from "./shape.ts";
import { inconsistency, platformShape, snapshotShape } from "./snapshot-shape.ts";

/** The folder within the mesh folder that `graph sync` writes, and where an interrupted one leaves the old. */
export const graphFolder = "graph";
export const retiredFolder = ".graph.old";

/** The graph and the platform as `graph sync` left them. People edit files: what an edit broke is a diagnostic with its place. */
export const readSnapshot = async (meshFolder: string): Promise<Staged<Snapshot>> => {
  const folder = join(meshFolder, graphFolder);
  const retired = join(meshFolder, retiredFolder);
  if (!existsSync(folder) && existsSync(retired))
    return { value: undefined, diagnostics: [diagnostic("MESH4036", { path: folder, retired })] };
  const snapshot = await read<{ readonly graph: ServiceGraph; readonly options: SnapshotOptions }>(
    folder,
    snapshotFile,
    snapshotShape,
    ({ graph }) => inconsistency(graph),
  );
  if (snapshot.diagnostics.some(({ code }) => code === "MESH4030"))
    return { value: undefined, diagnostics: snapshot.diagnostics };
  const platform = await read<{ readonly platform: Platform }>(folder, platformFile, platformShape);
  const diagnostics = [...snapshot.diagnostics, ...platform.diagnostics];
  if (snapshot.value === undefined || platform.value === undefined) return { value: undefined, diagnostics };
  return {
    value: { graph: snapshot.value.graph, options: snapshot.value.options, platform: platform.value.platform },
    diagnostics,
  };
};

const largest = 2 ** 29;

const read = async <T>(
  folder: string,
  name: string,
  shape: Shape,
  law?: (value: T) => Misshapen | undefined,
): Promise<Staged<T>> => {
  const path = join(folder, name);
  // Named by its path within the mesh folder, as every other module is.
  const file = `${graphFolder}/${name}`;
  let bytes: Uint8Array;
  try {
    const found = await lstat(path);
    // A link could lead to what is not in the commit, and a message would show it.
    if (!found.isFile()) return failure(diagnostic("MESH4001", { path, reason: "it is not a regular file" }));
    if (found.size > largest) return failure(diagnostic("MESH4001", { path, reason: "it is larger than 512 MiB" }));
    bytes = await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return failure(
      code === "ENOENT" || code === "ENOTDIR"
        ? diagnostic("MESH4030", { path })
        : diagnostic("MESH4001", { path, reason: code ?? message }),
    );
  }
  const source = sourceText(file, bytes);
  if (source.value === undefined) return { value: undefined, diagnostics: source.diagnostics };
  let value: unknown;
  try {
    value = JSON.parse(source.value.text);
  } catch (error) {
    const start = faultIn(source.value.text, error as SyntaxError);
    const span = spanAt(source.value, { start, end: start + 1 });
    return failure(diagnostic("MESH4032", { path: file, field: "", expected: "JSON" }, { place: { span } }));
  }
  const version = (value as { readonly version?: unknown } | null)?.version;
  if (typeof version === "number" && Number.isInteger(version) && version > snapshotVersion) {
    return failure(
      diagnostic(
        "MESH4031",
        { path: file, version, known: snapshotVersion },
        { place: await located(source.value, ["version"]) },
      ),
    );
  }
  const misshapen = shape(value) ?? law?.(value as T);
  if (misshapen === undefined) return { value: value as T, diagnostics: [] };
  const { path: field, expected } = misshapen;
  return failure(
    diagnostic(
      "MESH4032",
      { path: file, field: dotted(field), expected },
      { place: await located(source.value, field) },
    ),
  );
};

const failure = (found: Diagnostic): { readonly value: undefined; readonly diagnostics: readonly Diagnostic[] } => ({
  value: undefined,
  diagnostics: [found],
});

/** Where a text stops being JSON: a word that it does not have, as merge conflicts leave; else where the parser stopped, or the end. */
const faultIn = (text: string, { message }: SyntaxError): number => {
  const word = /\s+|"(?:[^"\\]+|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/y;
  let read = 0;
  while (word.test(text)) read = word.lastIndex;
  const stopped = /at position (\d+)/.exec(message)?.[1];
  const fault = read < text.length ? read : Number(stopped ?? text.length);
  return Math.max(0, Math.min(fault, text.trimEnd().length - 1));
};
