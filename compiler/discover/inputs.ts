import { createReadStream } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic, Staged } from "../../lib/diagnostics/diagnostic.ts";
import { sourceText, type SourceText } from "../source-text.ts";

/** A text of manifests, and how the graph names it. */
export interface ManifestText extends SourceText {
  /** As `file`, but equal on every machine that has the same inputs: no folder outside the current one is named. */
  readonly source: string;
  /** Whether its folder was given, not the file itself: then it need not hold manifests. */
  readonly found: boolean;
}

export interface InputOptions {
  /** What relative inputs are relative to. */
  readonly folder: string;
  /** What the input `-` stands for. */
  readonly standardInput: AsyncIterable<Uint8Array>;
}

/** 32 MiB: a dump of a cluster with 10,000 services fits; what is larger is no manifest. */
const largest = 32 * 1024 * 1024;

/** The manifests of files, of folders and all below them, and of standard input, each file once. */
export const manifestTexts = async (
  inputs: readonly string[],
  options: InputOptions,
): Promise<Staged<readonly ManifestText[]>> => {
  const diagnostics: Diagnostic[] = [];
  const texts: ManifestText[] = [];
  const seen = new Set<string>();

  const take = async (
    file: string,
    source: string,
    found: boolean,
    stream: AsyncIterable<Uint8Array>,
  ): Promise<void> => {
    const read = sourceText(file, await bytesOf(stream));
    diagnostics.push(...read.diagnostics);
    if (read.value) texts.push({ ...read.value, source, found });
  };

  const takeFile = async (path: string, root: string, found: boolean): Promise<void> => {
    const real = await realpath(path);
    if (seen.has(real)) return;
    seen.add(real);
    const inside = relative(options.folder, path);
    const isInside = inside !== "" && !inside.startsWith("..") && !isAbsolute(inside);
    const shown = posix(isInside ? inside : path);
    await take(shown, isInside ? shown : posix(relative(root, path)), found, createReadStream(path));
  };

  const takeTree = async (path: string, root: string): Promise<void> => {
    const entries = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      const below = join(path, entry.name);
      await attempt(below, async () => {
        if (entry.isDirectory()) await takeTree(below, root);
        else if (/\.(ya?ml|json)$/i.test(entry.name) && (await stat(below)).isFile()) await takeFile(below, root, true);
      });
    }
  };

  const attempt = async (path: string, action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      diagnostics.push(
        error instanceof TooLarge
          ? diagnostic("MESH4006", { what: `${path} is larger than 32 MiB` })
          : diagnostic("MESH4001", { path, reason }),
      );
    }
  };

  let stdinTaken = false;
  for (const input of inputs) {
    if (input === "-") {
      if (!stdinTaken) await attempt("standard input", () => take("<stdin>", "<stdin>", false, options.standardInput));
      stdinTaken = true;
      continue;
    }
    const path = resolve(options.folder, input);
    await attempt(input, async () => {
      if ((await stat(path)).isDirectory()) await takeTree(path, dirname(path));
      else await takeFile(path, dirname(path), false);
    });
  }
  return { value: diagnostics.length > 0 ? undefined : texts, diagnostics };
};

const posix = (path: string): string => path.split(sep).join("/");

class TooLarge extends Error {}

/** Counted while reading: neither a pipe nor a device tells its size before. */
const bytesOf = async (stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > largest) throw new TooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "its symbolic links form a circle",
  ENOTDIR: "a part of the path is no folder",
  EISDIR: "it is a folder",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the path is too long",
};

const reasonOf = (error: unknown): string | undefined => {
  if (error instanceof TooLarge) return "";
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined ? undefined : (reasons[code] ?? code);
};
