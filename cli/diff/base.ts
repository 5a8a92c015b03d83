import { existsSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { compile } from "../../compiler/pipeline.ts";
import type { Compiled } from "../../compiler/resolved.ts";
import { meshAtRevision, workTreeState } from "../../compiler/revision/index.ts";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic, Place } from "../../lib/diagnostics/diagnostic.ts";
import { locate } from "../../compiler/load/index.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Span } from "../../lib/diagnostics/span.ts";

/** What a mesh is compared with: another folder, or the same one as a commit had it. */
export interface Base {
  /** As it is shown: the revision with its commit, or the folder. */
  readonly name: string;
  readonly compiled: Compiled;
  /** The mesh folder relative to the repository's top; undefined for a folder. */
  readonly prefix: string | undefined;
  /** Before a file's name, in what is shown. */
  readonly filePrefix: string;
  readonly notes: readonly string[];
  readonly spansOf: (origins: readonly Origin[]) => Promise<ReadonlyMap<Origin, Span>>;
  readonly remove: () => Promise<void>;
}

interface BaseOptions {
  readonly mesh: string;
  readonly base: string;
  readonly env?: string;
}

/** Whether the base is a folder: one that holds a mesh; anything else is a revision. */
const isFolder = (base: string): boolean => existsSync(join(base, "mesh.config.ts"));

/** The base, compiled; or why it cannot be. Types are not checked: what was committed was. */
export const compiledBase = async (
  options: BaseOptions,
): Promise<{ readonly base: Base } | { readonly diagnostics: readonly Diagnostic[] }> => {
  if (isFolder(options.base)) {
    const folder = options.base;
    return compiledIn(options, {
      folder,
      name: folder,
      prefix: undefined,
      filePrefix: `${folder.replace(/\/$/, "")}/`,
      notes: resolve(folder) === resolve(options.mesh) ? ["the base is the mesh folder itself"] : [],
      remove: async () => undefined,
    });
  }
  const [{ value, diagnostics }, state] = await Promise.all([
    meshAtRevision(options.mesh, options.base),
    workTreeState(options.mesh),
  ]);
  if (value === undefined) return { diagnostics };
  const { folder, commit, named, prefix, remove } = value;
  const uncommitted = state?.uncommitted ?? [];
  return compiledIn(options, {
    folder,
    name: named === commit ? commit.slice(0, 10) : `${named} (${commit.slice(0, 10)})`,
    prefix,
    filePrefix: `${named}:${prefix === "" ? "" : `${prefix}/`}`,
    notes:
      uncommitted.length === 0
        ? []
        : [
            `compared with the files as they lie here: ${uncommitted.slice(0, 5).join(", ")}${uncommitted.length > 5 ? ` and ${uncommitted.length - 5} more` : ""} ${uncommitted.length === 1 ? "is" : "are"} not committed`,
          ],
    remove,
  });
};

interface Laid extends Pick<Base, "name" | "prefix" | "filePrefix" | "notes" | "remove"> {
  readonly folder: string;
}

const compiledIn = async (options: BaseOptions, laid: Laid): ReturnType<typeof compiledBase> => {
  const { folder, name, filePrefix, remove } = laid;
  const { value, diagnostics } = await compile(folder, { environment: options.env, types: false });
  const spansOf = (origins: readonly Origin[]) =>
    locate(folder, { types: false, ...(options.env !== undefined && { environment: options.env }) }, origins);
  if (value !== undefined) return { base: { ...laid, compiled: value, spansOf } };
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const origins = errors.flatMap(({ place }) => (place && "origin" in place ? [place.origin] : []));
  const spans = origins.length > 0 ? await spansOf(origins) : new Map<Origin, Span>();
  await remove();
  const placed = (place: Place | undefined): { readonly place?: Place } => {
    const span = place && ("span" in place ? place.span : spans.get(place.origin));
    return span ? { place: { span: { ...span, file: `${filePrefix}${span.file}` } } } : {};
  };
  const told = errors.map(({ code, severity, message, place, fix }): Diagnostic => ({
    code,
    severity,
    // The folder that it was laid out in is gone when this is read.
    message: [folder, realFolder(folder)].reduce(
      (text, path) => text.replaceAll(`${path}/`, filePrefix).replaceAll(path, name),
      message,
    ),
    ...placed(place),
    ...(fix !== undefined && { fix }),
  }));
  return { diagnostics: [diagnostic("MESH0213", { written: options.base, errors: errors.length }), ...told] };
};

const realFolder = (folder: string): string => (existsSync(folder) ? realpathSync(folder) : folder);
