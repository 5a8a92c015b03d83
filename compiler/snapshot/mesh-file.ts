import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic, Staged } from "../../lib/diagnostics/diagnostic.ts";
import { sourceText, type SourceText } from "../source-text.ts";
import type { YamlNode } from "../yaml.ts";
import { dotted, located } from "./located.ts";
import type { Shape } from "./shape.ts";

const largest = 2 ** 26;

/** A file beside `mesh.config.ts` that somebody wrote by hand, or not. */
export const meshFile = async (meshFolder: string, name: string): Promise<Staged<SourceText | "absent">> => {
  const path = join(meshFolder, name);
  try {
    const found = await lstat(path);
    if (!found.isFile()) return refused(diagnostic("MESH4001", { path, reason: "it is not a regular file" }));
    if (found.size > largest) return refused(diagnostic("MESH4001", { path, reason: "it is larger than 64 MiB" }));
    return sourceText(name, await readFile(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR"
      ? { value: "absent", diagnostics: [] }
      : refused(diagnostic("MESH4001", { path, reason: code ?? message }));
  }
};

/** What its first document says, if it is of the shape; an empty file says nothing. */
export const shapedYaml = async (source: SourceText, shape: Shape): Promise<Staged<unknown>> => {
  const { yamlDocuments } = await import("../yaml.ts");
  const documents = yamlDocuments(source);
  if (documents.value === undefined) return { value: undefined, diagnostics: documents.diagnostics };
  const [document] = documents.value;
  const written = document === undefined ? {} : plain(document);
  const misshapen = shape(written);
  if (misshapen === undefined) return { value: written, diagnostics: [] };
  const { path: at, expected } = misshapen;
  return refused(
    diagnostic("MESH4032", { path: source.file, field: dotted(at), expected }, { place: await located(source, at) }),
  );
};

const plain = (node: YamlNode): unknown => {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(plain);
    case "map":
      return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value)]));
  }
};

const refused = (found: Diagnostic): Staged<never> => ({ value: undefined, diagnostics: [found] });
