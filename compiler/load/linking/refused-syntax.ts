import { diagnostic } from "../../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../../lib/diagnostics/diagnostic.ts";
import { spanIn } from "../../../lib/diagnostics/span.ts";
import type { ts, TypeScript } from "./syntax.ts";

/** Syntax errors, or else what a policy may not be written with: each with the reason why it would break a promise. */
export const refusedSyntax = (ts: TypeScript, file: ts.SourceFile): readonly Diagnostic[] => {
  const span = (start: number, end: number) => ({ span: spanIn(file.fileName, file.text, start, end) });
  const { parseDiagnostics } = file as unknown as { readonly parseDiagnostics: readonly ts.DiagnosticWithLocation[] };
  if (parseDiagnostics.length > 0) {
    return parseDiagnostics
      .slice(0, mostRefused)
      .map(({ start, length, messageText }) =>
        diagnostic(
          "MESH0010",
          { text: ts.flattenDiagnosticMessageText(messageText, "\n") },
          { place: span(start, start + length) },
        ),
      );
  }
  const found: Diagnostic[] = [];
  const visit = (node: ts.Node): void => {
    if (found.length >= mostRefused || (ts.isModuleDeclaration(node) && isAmbient(ts, node))) return;
    const refused = refusal(ts, node);
    if (refused !== undefined) {
      const { at = node, what, why } = refused;
      found.push(diagnostic("MESH0016", { what, why }, { place: span(at.getStart(file), at.end) }));
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
};

/** More of one module say nothing new. */
const mostRefused = 50;

interface Refusal {
  readonly what: string;
  readonly why: string;
  readonly at?: ts.Node | undefined;
}

const erasable = "only types that can simply be erased are supported";
const synchronous = "evaluation has no event loop";

const refusal = (ts: TypeScript, node: ts.Node): Refusal | undefined => {
  if (ts.isCallExpression(node)) {
    if (node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      return { what: "`import()`", why: "what a policy loads must be known before it runs" };
    }
    if (ts.isIdentifier(node.expression) && node.expression.text === "eval") {
      return { what: "`eval`", why: "no code is made at run time" };
    }
  }
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) {
    return { what: "`import.meta`", why: "a policy does not know where it lies" };
  }
  if (ts.isTryStatement(node)) {
    // What an engine says and where its stack ends differs between versions; uncaught, neither reaches any output.
    return { what: "`try`", why: "errors and their limits differ between engines", at: node.getFirstToken() };
  }
  if (ts.isAwaitExpression(node)) return { what: "`await`", why: synchronous };
  if (ts.isForOfStatement(node) && node.awaitModifier)
    return { what: "`for await`", why: synchronous, at: node.awaitModifier };
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return { what: "`async`", why: synchronous };
  if (ts.isIdentifier(node) && node.text === "arguments" && isModuleLevelValue(ts, node)) {
    return { what: "`arguments`", why: "a module is called by nobody" };
  }
  if (ts.isWithStatement(node)) return { what: "`with`", why: "modules are strict" };
  if (ts.isDebuggerStatement(node)) return { what: "`debugger`", why: "nothing can attach to an evaluation" };
  if (ts.isDecorator(node)) return { what: "decorators", why: "they are not part of JavaScript yet" };
  if (ts.isEnumDeclaration(node) && !isAmbient(ts, node)) {
    return { what: "`enum`", why: erasable, at: node.name };
  }
  if (ts.isModuleDeclaration(node)) return { what: "namespaces", why: erasable, at: node.name };
  if (ts.isImportEqualsDeclaration(node)) return { what: "`import =`", why: erasable };
  if (ts.isExportAssignment(node) && node.isExportEquals === true) return { what: "`export =`", why: erasable };
  if (ts.isTypeAssertionExpression(node)) return { what: "`<T>value`", why: `${erasable}; write \`value as T\`` };
  if (ts.isParameterPropertyDeclaration(node, node.parent)) return { what: "parameter properties", why: erasable };
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.attributes !== undefined) {
    return { what: "import attributes", why: "policies import policies only", at: node.attributes };
  }
  return undefined;
};

/** A name that is no property's, outside of every function that has `arguments` of its own. */
const isModuleLevelValue = (ts: TypeScript, node: ts.Identifier): boolean => {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return false;
  if (
    (ts.isPropertyAssignment(parent) || ts.isClassElement(parent) || ts.isTypeElement(parent)) &&
    parent.name === node
  )
    return false;
  for (let at: ts.Node = parent; !ts.isSourceFile(at); at = at.parent)
    if (ts.isFunctionLike(at) && !ts.isArrowFunction(at)) return false;
  return true;
};

const isAmbient = (ts: TypeScript, node: ts.EnumDeclaration | ts.ModuleDeclaration): boolean =>
  node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword) === true;
