import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import { failed, type Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { sandbox } from "./evaluate.ts";
import { program, type Program } from "./linking/program.ts";
import { configModule, firstCharacter, type MeshFolder } from "./mesh-folder.ts";
import { problemDiagnostics } from "./problem-diagnostics.ts";
import { defaultLimits, type Limits } from "./sandbox/limits.ts";
import { taskModules } from "./task.ts";

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

/** Half of the heap that Node gives a process, which is half of the memory up to 4 GB: of what policies say, more is made. */
const largestMegabytes = (): number =>
  Math.floor(Math.min(totalmem() / 4, (process.constrainedMemory() || Infinity) / 4, 2e9) / 1e6);

/**
 * What is plenty for one team's mesh must not be too little for a hundred thousand services, and however many policies there are,
 * this process has to hold what they say.
 */
export const limitsFor = ({ policies }: MeshFolder, given: Partial<Limits> = {}): Limits => ({
  ...defaultLimits,
  seconds: defaultLimits.seconds + Math.ceil(policies.length / 500),
  resultMegabytes: Math.min(defaultLimits.resultMegabytes + Math.ceil(policies.length / 50), largestMegabytes()),
  ...given,
});

/** What modules say, and what was found wrong on the way to it. */
export interface Evaluation {
  readonly value: Loaded | undefined;
  readonly program: Program;
  readonly diagnostics: readonly Diagnostic[];
}

/** Modules stripped, linked and evaluated in a locked-down process: those of `entries`, with all that they import. */
export const evaluation = async (
  mesh: MeshFolder,
  { environment, limits: given }: Pick<LoadOptions, "environment" | "limits">,
  entries: readonly string[] = [configModule, ...mesh.policies],
): Promise<Evaluation> => {
  const limits = limitsFor(mesh, given);
  const running = sandbox({ environment }, limits);
  const taskModule = taskModules(running.ahead);
  const linked = await program(mesh, {
    entries,
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
  if (config === undefined && problems.length === 0 && entries.includes(configModule)) {
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

const by =
  <T>(key: (value: T) => string) =>
  (a: T, b: T): number =>
    key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;

/** Each once, in an order of their own. */
export const distinct = <T extends object>(values: readonly T[]): readonly T[] =>
  [...new Map(values.map((value) => [JSON.stringify(value), value])).entries()]
    .sort(by(([key]) => key))
    .map(([, value]) => value);
