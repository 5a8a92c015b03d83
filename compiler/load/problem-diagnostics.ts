import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Evaluated } from "./evaluate.ts";
import { libraryPrefix } from "./linking/import-target.ts";
import { firstCharacter, type MeshFolder } from "./mesh-folder.ts";
import { printable } from "./printable.ts";
import type { Program } from "./linking/program.ts";
import type { Problem } from "./sandbox/protocol.ts";
import { whyUnavailable } from "./sandbox/realm.ts";
import { secondEvaluation, type EvaluationOptions, type SecondEvaluation } from "./spans/second-evaluation.ts";

/** What went wrong in an evaluation, each at its expression; modules that were killed are named only. */
export const problemDiagnostics = async (
  mesh: MeshFolder,
  { modules }: Program,
  evaluated: Evaluated,
  options: EvaluationOptions,
): Promise<readonly Diagnostic[]> => {
  const name = (module: number): string => modules[module]?.module ?? "";
  const inModule = (module: number) =>
    name(module) === "" || name(module).startsWith(libraryPrefix)
      ? {}
      : { place: { span: firstCharacter(mesh, name(module)) } };

  if (evaluated.kind !== "outcome") {
    const { kind, module, signal } = evaluated;
    const parameters = { module: name(module), seconds: options.limits.seconds, signal };
    if (kind === "time") return [diagnostic("MESH0023", parameters, inModule(module))];
    if (kind === "crash") return [diagnostic("MESH0026", parameters, inModule(module))];
    const megabytes = kind === "size" ? options.limits.resultMegabytes : options.limits.megabytes;
    return [diagnostic(kind === "size" ? "MESH0025" : "MESH0024", { ...parameters, megabytes }, inModule(module))];
  }

  const { problems } = evaluated.outcome;
  if (problems.length === 0) return [];
  const origins = new Map<Problem, Origin>();
  for (const problem of problems) {
    if (problem.kind === "data") origins.set(problem, { module: name(problem.module), path: problem.path });
  }
  const entries = [...new Set(problems.map(({ module }) => name(module)))].sort();
  const second = await secondEvaluation(mesh, options, entries, [...origins.values()]);
  return problems.map(
    (problem) =>
      problemDiagnostic(problem, name(problem.module), second, options, origins.get(problem)) ??
      diagnostic("MESH0010", { text: oneLine("text" in problem ? problem.text : "") }, inModule(problem.module)),
  );
};

const problemDiagnostic = (
  problem: Problem,
  module: string,
  { span, failure, unsaid }: SecondEvaluation,
  { limits }: EvaluationOptions,
  origin: Origin | undefined,
): Diagnostic | undefined => {
  const placed = (at: ReturnType<typeof failure>) => ({ place: at && { span: at } });
  switch (problem.kind) {
    case "threw":
      return diagnostic("MESH0021", { module, text: oneLine(problem.text) }, placed(failure(module)));
    case "unavailable": {
      const { name } = problem;
      return diagnostic("MESH0020", { name, why: whyUnavailable(name) }, placed(failure(module, name)));
    }
    case "data":
      return diagnostic("MESH0022", { what: problem.what }, placed(origin && span(origin)));
    case "too-large":
      return diagnostic("MESH0025", { module, megabytes: limits.resultMegabytes }, placed(failure(module)));
    case "unsaid":
      return diagnostic("MESH0027", {}, placed(unsaid(module)));
    case "syntax":
      return undefined;
  }
};

const oneLine = (text: string): string => printable(text).replace(/\s+/g, " ");
