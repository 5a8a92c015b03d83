import { readFileSync } from "node:fs";
import { join } from "node:path";
import { diagnostic } from "../../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../../lib/diagnostics/diagnostic.ts";
import { spanIn, type Span } from "../../../lib/diagnostics/span.ts";
import { importTarget, mostSuggestions } from "../linking/import-target.ts";
import { configModule, type MeshFolder } from "../mesh-folder.ts";
import { printable, shortened } from "../printable.ts";
import { unavailable } from "../sandbox/unavailable.ts";
import { isTooDeep, nodeAt, sourceFile, typescript, type ts, type TypeScript } from "../linking/syntax.ts";
import type { TypeChecked, TypeProblem } from "./type-check.ts";

/** A checker's errors as diagnostics, each underlining a whole name or expression, without those that `others` already tell. */
export const typeDiagnostics = async (
  mesh: MeshFolder,
  { problems, strayed, stopped }: TypeChecked,
  others: readonly Diagnostic[],
): Promise<readonly Diagnostic[]> => {
  if (problems.length === 0 && !strayed && stopped === undefined) return [];
  const ts = await typescript();
  const files = new Map<string, ts.SourceFile | undefined>();
  const fileOf: FileOf = (module) => {
    if (!files.has(module)) files.set(module, shallowFile(ts, module, readFileSync(join(mesh.root, module), "utf8")));
    return files.get(module);
  };

  const strays = strayed ? strayImports(ts, mesh, fileOf) : [];
  const told = [...others, ...strays];
  const found = problems
    .slice(0, mostProblems)
    .map((problem) => typeDiagnostic(ts, problem, fileOf))
    .filter((candidate) => !told.some((other) => tells(other, candidate)));
  // What types say in words could be what a file outside of the mesh holds.
  const hidden = { code: "TS2307", text: "types come from files outside of the mesh folder" };
  const shown = !strayed ? found : strays.length > 0 || found.length === 0 ? [] : [diagnostic("MESH0011", hidden)];
  const stop = stopped === undefined ? [] : [diagnostic("MESH0012", { reason: stopped })];
  return [...stop, ...strays, ...shown];
};

/** Nobody reads more of them at once, and each is looked up in its module's tree. */
const mostProblems = 500;

/** The module's tree, unless no parser follows it: then linking has said so. */
type FileOf = (module: string) => ts.SourceFile | undefined;

const shallowFile = (ts: TypeScript, module: string, text: string): ts.SourceFile | undefined => {
  try {
    return sourceFile(ts, module, text);
  } catch (error) {
    if (isTooDeep(error)) return undefined;
    throw error;
  }
};

/** What a global of some platform is called, under the codes with which the checker misses it. */
const missingName = /^Cannot find name '(?<name>[\w$]+)'(?:\. Did you mean '(?<near>[\w$]+)')?/;

const typeDiagnostic = (ts: TypeScript, { at, code, text: said }: TypeProblem, fileOf: FileOf): Diagnostic => {
  const text = printable(said);
  const file = at && fileOf(at.module);
  if (at === undefined || file === undefined) return diagnostic("MESH0011", { code, text });
  const place = { span: tokenSpan(ts, file, at) };
  const name = missingName.exec(text)?.groups?.["name"];
  const why = name === undefined ? undefined : unavailable.get(name);
  if (name !== undefined && why !== undefined) return diagnostic("MESH0020", { name, why }, { place });
  return diagnostic("MESH0011", { code, text }, { place });
};

/** The checker tells where an error begins; it ends with the smallest node that begins there. */
const tokenSpan = (
  ts: TypeScript,
  file: ts.SourceFile,
  { line, column }: { readonly line: number; readonly column: number },
): Span => {
  const lines = file.getLineStarts();
  const offset = Math.min((lines[line - 1] ?? 0) + column - 1, file.text.length);
  const node = nodeAt(ts, file, offset);
  const word = /^(?:[\w$]+|.)?/.exec(file.text.slice(offset, offset + 200))?.[0] ?? "";
  const end = node.getStart(file) === offset ? node.end : offset + word.length;
  return spanIn(file.fileName, file.text, offset, end);
};

/** Ours says it better, or it makes the rest of the module meaningless. */
const tells = (ours: Diagnostic, candidate: Diagnostic): boolean => {
  if (ours.place === undefined || candidate.place === undefined) return false;
  if (!("span" in ours.place) || !("span" in candidate.place)) return false;
  const { span } = ours.place;
  const { file, start } = candidate.place.span;
  if (span.file !== file) return false;
  if (ours.code === "MESH0010") return true;
  // The name that was meant is used where the misspelt one was imported.
  const imported = missingName.exec(candidate.message)?.groups?.["near"];
  if (ours.code === "MESH0015" && imported !== undefined) return ours.message.includes(`exports no \`${imported}\``);
  return ["MESH0013", "MESH0015", "MESH0016"].includes(ours.code) && span.start <= start && start < span.end;
};

/** Imports of types and reference directives: erased before evaluation, so only the checker follows them. */
const strayImports = (ts: TypeScript, mesh: MeshFolder, fileOf: FileOf): readonly Diagnostic[] => {
  const known = { policies: new Set([configModule, ...mesh.policies]), graph: new Set(mesh.graph) };
  const found: Diagnostic[] = [];
  const suggests = (): boolean => found.length < mostSuggestions;
  for (const module of [...known.policies, ...known.graph]) {
    const file = fileOf(module);
    if (file === undefined) continue;
    const refuse = (specifier: string, start: number, end: number, why: string): void => {
      found.push(
        diagnostic(
          "MESH0013",
          { specifier: shortened(specifier), why },
          { place: { span: spanIn(module, file.text, start, end) } },
        ),
      );
    };
    const visit = (node: ts.Node): void => {
      const specifier = specifierOf(ts, node);
      if (specifier !== undefined) {
        const target = importTarget(module, specifier.text, known);
        if ("why" in target)
          refuse(specifier.text, specifier.getStart(file), specifier.end, target.why({ suggests: suggests() }));
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
    for (const { fileName, pos, end } of [...file.referencedFiles, ...file.typeReferenceDirectives]) {
      refuse(fileName, pos, end, "a policy says what it needs by importing it");
    }
  }
  return found;
};

const specifierOf = (ts: TypeScript, node: ts.Node): ts.StringLiteral | undefined => {
  const literal =
    ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
        ? node.argument.literal
        : ts.isModuleDeclaration(node)
          ? node.name
          : undefined;
  return literal !== undefined && ts.isStringLiteral(literal) ? literal : undefined;
};
