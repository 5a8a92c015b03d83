import { SourceMap } from "node:module";
import type { Origin } from "../../../lib/diagnostics/origin.ts";
import { spanIn, type Span } from "../../../lib/diagnostics/span.ts";
import { sandbox } from "../evaluate.ts";
import { libraryPrefix } from "../linking/import-target.ts";
import { instrument, type Site, type Sites } from "./instrument.ts";
import { configModule, type MeshFolder } from "../mesh-folder.ts";
import { program, type ProgramModule } from "../linking/program.ts";
import type { Limits } from "../sandbox/limits.ts";
import type { ThrownAt } from "../sandbox/protocol.ts";
import { defaultExport, nodeAt, sourceFile, typescript, type ts, type TypeScript } from "../linking/syntax.ts";
import { taskModules } from "../task.ts";

export interface EvaluationOptions {
  readonly environment: string | undefined;
  readonly limits: Limits;
}

/**
 * The second evaluation, of some modules and what they import: instrumented, with readable error stacks, and with no
 * output but numbers.
 */
export interface SecondEvaluation {
  readonly span: (origin: Origin) => Span | undefined;
  /** The expression at which the module failed; the name in it, where it is known which one is to blame. */
  readonly failure: (module: string, name?: string) => Span | undefined;
  /** The first intent that the module makes outside of its default export. */
  readonly unsaid: (module: string) => Span | undefined;
}

export const secondEvaluation = async (
  mesh: MeshFolder,
  { environment, limits }: EvaluationOptions,
  entries: readonly string[],
  origins: readonly Origin[],
): Promise<SecondEvaluation> => {
  const ts = await typescript();
  const made: Sites = { sites: [], literals: [] };
  const modules: ProgramModule[] = [];
  await program(mesh, { entries, instrument: instrument(made), emit: (module) => modules.push(module) });
  const index = new Map(modules.map(({ module }, at) => [module, at]));
  const asked = origins.filter(({ module }) => index.has(module));
  const paths = asked.map(({ module, path }) => ({ module: index.get(module)!, path }));
  const running = sandbox({ environment, locate: { literals: made.literals, paths } }, limits);
  modules.map(taskModules()).forEach(running.send);
  const evaluated = await running.outcome();
  const outcome = evaluated.kind === "outcome" ? evaluated.outcome : undefined;
  const siteOf = new Map(asked.map((origin, at) => [origin, outcome?.sites[at]]));
  const byName = new Map(modules.map((module) => [module.module, module]));

  const spanOf = ({ module, start, end }: Site): Span => spanIn(module, byName.get(module)!.text, start, end);
  const wholeSpan = (module: ProgramModule): Span => {
    const file = sourceFile(ts, module.module, module.text);
    const node = defaultExport(ts, file) ?? file.statements[0];
    return spanIn(module.module, module.text, node?.getStart(file) ?? 0, node?.end ?? 0);
  };

  return {
    span: (origin) => {
      const module = byName.get(origin.module);
      if (module === undefined) return undefined;
      // `null` where JSON had no `undefined`.
      const site = origin.path.length === 0 ? undefined : siteOf.get(origin);
      const at = typeof site === "number" ? made.sites[site] : undefined;
      return at === undefined ? wholeSpan(module) : spanOf(at);
    },
    failure: (name, blamed) => {
      const module = byName.get(name);
      if (module === undefined) return undefined;
      const problem = outcome?.problems.find((found) => modules[found.module]?.module === name);
      const at = problem !== undefined && "at" in problem ? problem.at : undefined;
      return (at && thrownSpan(ts, at, modules, made.sites, blamed)) ?? wholeSpan(module);
    },
    unsaid: (name) => {
      const module = byName.get(name);
      if (module === undefined) return undefined;
      const file = sourceFile(ts, module.module, module.text);
      const call = file.statements
        .filter((statement) => !ts.isExportAssignment(statement))
        .map((statement) => intentCall(ts, statement))
        .find((found) => found !== undefined);
      return call ? spanIn(module.module, module.text, call.getStart(file), call.end) : wholeSpan(module);
    },
  };
};

/** The spans of all origins that lie in modules of the mesh folder. */
export const valueSpans = async (
  mesh: MeshFolder,
  options: EvaluationOptions,
  origins: readonly Origin[],
): Promise<ReadonlyMap<Origin, Span>> => {
  const modules = new Set([configModule, ...mesh.policies]);
  const inside = origins.filter(({ module }) => modules.has(module));
  if (inside.length === 0) return new Map();
  const entries = [...new Set(inside.map(({ module }) => module))].sort();
  const { span } = await secondEvaluation(mesh, options, entries, inside);
  return new Map(
    inside.flatMap((origin) => {
      const found = span(origin);
      return found === undefined ? [] : [[origin, found] as const];
    }),
  );
};

const thrownSpan = (
  ts: TypeScript,
  { positions, site }: ThrownAt,
  modules: readonly ProgramModule[],
  sites: readonly Site[],
  blamed: string | undefined,
): Span | undefined => {
  const thrown = site === undefined ? undefined : sites[site];
  const thrower = modules.find(({ module }) => module === thrown?.module);
  if (thrown && thrower) return spanIn(thrown.module, thrower.text, thrown.start, thrown.end);

  for (const { module: number, line, column } of positions) {
    const module = modules[number];
    if (module?.map === undefined || module.module.startsWith(libraryPrefix)) continue;
    // The code's first line is the linker's.
    const entry = new SourceMap(JSON.parse(module.map) as ConstructorParameters<typeof SourceMap>[0]).findEntry(
      line - 2,
      column - 1,
    );
    if (!("originalLine" in entry)) continue;
    const file = sourceFile(ts, module.module, module.text);
    const offset = file.getPositionOfLineAndCharacter(entry.originalLine, entry.originalColumn);
    const node = failing(ts, nodeAt(ts, file, offset), blamed);
    return spanIn(module.module, module.text, node.getStart(file), node.end);
  }
  return undefined;
};

const intentCall = (ts: TypeScript, node: ts.Node): ts.Node | undefined =>
  ts.isCallExpression(node) && /^(?:policy|ingress)$/.test(node.expression.getText())
    ? node
    : ts.forEachChild(node, (child) => intentCall(ts, child));

/** An engine points at the name that is called or read; what fails is the call or the access around it. */
const failing = (ts: TypeScript, node: ts.Node, blamed: string | undefined): ts.Node => {
  let at = accessOf(ts, node);
  if ((ts.isCallExpression(at.parent) || ts.isNewExpression(at.parent)) && at.parent.expression === at) at = at.parent;
  const name = blamed === undefined ? undefined : named(ts, at, blamed.slice(blamed.lastIndexOf(".") + 1));
  return name === undefined ? at : accessOf(ts, name);
};

/** `a.b` for its `b`. */
const accessOf = (ts: TypeScript, node: ts.Node): ts.Node =>
  ts.isIdentifier(node) && ts.isPropertyAccessExpression(node.parent) && node.parent.name === node ? node.parent : node;

const named = (ts: TypeScript, node: ts.Node, name: string): ts.Node | undefined =>
  ts.isIdentifier(node) && node.text === name ? node : ts.forEachChild(node, (child) => named(ts, child, name));
