import { readFileSync } from "node:fs";
import { join } from "node:path";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import { failed, type Diagnostic, type Staged } from "../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Span } from "../../lib/diagnostics/span.ts";
import { sandbox } from "./evaluate.ts";
import { configModule, firstCharacter, meshFolder, type MeshFolder } from "./mesh-folder.ts";
import { problemDiagnostics } from "./problem-diagnostics.ts";
import { startAhead } from "./sandbox-process.ts";
import { typescript } from "./linking/syntax.ts";
import { program, type Program } from "./linking/program.ts";
import { defaultLimits, type Limits } from "./sandbox/limits.ts";
import { valueSpans } from "./spans/second-evaluation.ts";
import { taskModules } from "./task.ts";
import { typeCheck, type TypeChecked } from "./types/type-check.ts";
import { typeDiagnostics } from "./types/type-diagnostics.ts";

export { policyCompilerOptions } from "./types/type-check.ts";

/** What a mesh folder says, as plain data: equal for the same commit on every machine. */
export interface Loaded {
  /** The default export of mesh.config.ts. */
  readonly config: unknown;
  /** Policy modules with a default export, in code-unit order of their names. */
  readonly modules: readonly LoadedModule[];
  /** Environments that a module names with `vary`; the same environment can be named by several. */
  readonly environments: readonly { readonly module: string; readonly environment: string }[];
}

export interface LoadedModule {
  /** POSIX path relative to the mesh folder. */
  readonly module: string;
  readonly value: unknown;
}

export interface LoadOptions {
  readonly environment?: string | undefined;
  /** Whether types are checked: they are the greater part of the time. */
  readonly types: boolean;
  readonly limits?: Partial<Limits>;
}

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
): Promise<{ readonly evaluated: Staged<Loaded>; readonly checked: Promise<Staged<Loaded>> }> => {
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
  return { evaluated: first, checked };
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

/** What is plenty for one team's mesh must not be too little for a hundred thousand services. */
const limitsFor = ({ policies }: MeshFolder, given: Partial<Limits> = {}): Limits => ({
  ...defaultLimits,
  seconds: defaultLimits.seconds + Math.ceil(policies.length / 500),
  resultMegabytes: defaultLimits.resultMegabytes + Math.ceil(policies.length / 100),
  ...given,
});

interface Evaluation {
  readonly value: Loaded | undefined;
  readonly program: Program;
  readonly diagnostics: readonly Diagnostic[];
}

const evaluation = async (mesh: MeshFolder, { environment, limits: given }: LoadOptions): Promise<Evaluation> => {
  const limits = limitsFor(mesh, given);
  const running = sandbox({ environment }, limits);
  const taskModule = taskModules();
  const linked = await program(mesh, {
    entries: [configModule, ...mesh.policies],
    emit: (module) => running.send(taskModule(module)),
  });
  if (failed(linked.diagnostics)) {
    running.stop();
    return { value: undefined, program: linked, diagnostics: linked.diagnostics };
  }

  const evaluated = await running.outcome();
  const diagnostics = [...(await problemDiagnostics(mesh, linked, evaluated, { environment, limits }))];
  if (evaluated.kind !== "outcome") return { value: undefined, program: linked, diagnostics };

  const { values, outcome } = evaluated;
  const { problems, environments } = outcome;
  if (problems.length === 0) diagnostics.push(...saysNothing(mesh, linked));
  const name = (module: number): string => linked.modules[module]!.module;
  const modules = values.map(({ module, value }) => ({ module: name(module), value }));
  const config = modules.find(({ module }) => module === configModule);
  if (config === undefined && problems.length === 0) {
    diagnostics.push(
      diagnostic("MESH0003", { module: configModule }, { place: { span: firstCharacter(mesh, configModule) } }),
    );
  }
  const value: Loaded = {
    config: config?.value,
    modules: modules.filter((module) => module !== config).sort(by(({ module }) => module)),
    environments: distinct(
      environments.map(({ module, environment: named }) => ({ module: name(module), environment: named })),
    ),
  };
  return { value, program: linked, diagnostics };
};

/** Modules that neither say nor lend anything. Who imports types alone is not known here. */
const saysNothing = (mesh: MeshFolder, { modules }: Program): readonly Diagnostic[] => {
  const imported = new Set([configModule, ...modules.flatMap(({ links }) => [...links.values()])]);
  const lendsTypes = (module: string): boolean =>
    /\bexport\s+(?:declare\s+)?(?:type|interface)\b/.test(readFileSync(join(mesh.root, module), "utf8"));
  return modules
    .filter(({ module, exported }) => exported?.has("default") === false && !imported.has(module))
    .filter(({ module }) => !lendsTypes(module))
    .map(({ module }) => diagnostic("MESH0028", { module }, { place: { span: firstCharacter(mesh, module) } }));
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

const distinct = <T extends object>(values: readonly T[]): readonly T[] =>
  [...new Map(values.map((value) => [JSON.stringify(value), value])).entries()]
    .sort(by(([key]) => key))
    .map(([, value]) => value);

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
