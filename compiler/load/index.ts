import { failed, type Diagnostic, type Staged } from "../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Span } from "../../lib/diagnostics/span.ts";
import { evaluation, limitsFor, type Loaded, type LoadOptions } from "./evaluated.ts";
import { meshFolder, type MeshFolder } from "./mesh-folder.ts";
import { loadMemory, type LoadMemory } from "./reload.ts";
import { startAhead } from "./sandbox-process.ts";
import { typescript } from "./linking/syntax.ts";
import type { Program } from "./linking/program.ts";
import { valueSpans } from "./spans/second-evaluation.ts";
import { typeCheck, type TypeChecked } from "./types/type-check.ts";
import { typeDiagnostics } from "./types/type-diagnostics.ts";

export { readyToReload, reloaded, type LoadMemory } from "./reload.ts";
export { startAhead } from "./sandbox-process.ts";
export type { Loaded, LoadedModule, LoadOptions } from "./evaluated.ts";
export { policyCompilerOptions } from "./types/type-check.ts";

/**
 * Loads a mesh folder: its modules are type-checked and, at the same time, stripped, linked and evaluated in a locked-down
 * process. Every mistake in the folder is a diagnostic; with an error among them there is no value.
 */
export const load = async (folder: string, options: LoadOptions): Promise<Staged<Loaded>> =>
  (await loading(folder, options)).checked;

/** The same in two steps: types take the longest, and what follows can be worked out before they are known to be right. */
export const loading = async (
  folder: string,
  options: LoadOptions,
): Promise<{
  readonly evaluated: Staged<Loaded>;
  readonly checked: Promise<Staged<Loaded>>;
  /** Where nothing was wrong. */
  readonly memory?: LoadMemory;
}> => {
  const found = meshFolder(folder);
  if (found.value === undefined) {
    const nothing = { value: undefined, diagnostics: found.diagnostics };
    return { evaluated: nothing, checked: Promise.resolve(nothing) };
  }
  const mesh = found.value;
  const checking = options.types ? typeCheck(mesh) : undefined;
  // It is waited for later; until then nobody may take its failure for one that nobody sees.
  checking?.catch(() => undefined);
  const evaluated = await evaluation(mesh, options);
  const staged = (diagnostics: readonly Diagnostic[]): Staged<Loaded> => {
    const all = inOrder([...found.diagnostics, ...diagnostics]);
    return { value: failed(all) ? undefined : evaluated.value, diagnostics: all };
  };
  const first = staged(evaluated.diagnostics);
  const withChecked = async (): Promise<Staged<Loaded>> =>
    checking === undefined
      ? first
      : staged(await withTypes(mesh, await checking, evaluated.program, evaluated.diagnostics));
  const checked = withChecked();
  checked.catch(() => undefined);
  return {
    evaluated: first,
    checked,
    ...(first.value !== undefined &&
      first.diagnostics.length === 0 && { memory: loadMemory(mesh, first.value, evaluated.program) }),
  };
};

/**
 * Where authored values stand: the value expression of the property itself, or of its nearest ancestor that has one.
 * It takes a second, instrumented evaluation, so it is asked only when something must be reported. An origin outside
 * of the folder's modules has no span.
 */
export const locate = async (
  folder: string,
  { environment, limits }: LoadOptions,
  origins: readonly Origin[],
): Promise<ReadonlyMap<Origin, Span>> => {
  const { value } = meshFolder(folder);
  if (value === undefined || origins.length === 0) return new Map();
  return valueSpans(value, { environment, limits: limitsFor(value, limits) }, origins);
};

/** Reads in what finding places takes, and starts what evaluates, while something else is waited for. */
export const readyToLocate = async (): Promise<void> => {
  startAhead();
  await typescript();
};

/** Type errors beside what evaluation found, without what merely follows from a type error. */
const withTypes = async (
  mesh: MeshFolder,
  checked: TypeChecked,
  linked: Program,
  diagnostics: readonly Diagnostic[],
): Promise<readonly Diagnostic[]> => {
  const typed = await typeDiagnostics(mesh, checked, diagnostics);
  const wrong = new Set(
    typed.flatMap(({ place }) => (place !== undefined && "span" in place ? [place.span.file] : [])),
  );
  if (wrong.size === 0) return [...diagnostics, ...typed];

  const tainted = new Set<string>();
  for (const { module, links } of linked.modules) {
    if (wrong.has(module) || [...links.values()].some((link) => tainted.has(link))) tainted.add(module);
  }
  const follows = ({ code, place }: Diagnostic): boolean =>
    (code === "MESH0021" || code === "MESH0022") &&
    place !== undefined &&
    "span" in place &&
    tainted.has(place.span.file);
  return [...diagnostics.filter((found) => !follows(found)), ...typed];
};

const by =
  <T>(key: (value: T) => string) =>
  (a: T, b: T): number =>
    key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;

/** By place, each once: what was found by two ways is one thing to mend. */
const inOrder = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] => {
  const key = ({ code, message, place }: Diagnostic): string => {
    if (place === undefined || !("span" in place)) return `\0${code} ${message}`;
    return `${place.span.file}\0${String(place.span.start).padStart(9, "0")} ${code} ${message}`;
  };
  return [...new Map(diagnostics.map((found) => [key(found), found])).entries()]
    .sort(by(([text]) => text))
    .map(([, found]) => found);
};
