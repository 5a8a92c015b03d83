import type ts from "typescript";

export type TypeScript = typeof ts;
export type { ts };

/** TypeScript 6 for its syntax trees. Importing it costs 200 ms, so it happens only where a tree is needed. */
export const typescript = async (): Promise<TypeScript> => (await import("typescript")).default;

export const sourceFile = (ts: TypeScript, module: string, text: string): ts.SourceFile => {
  if (countedAsync(text) > mostAsync)
    throw new RangeError("a call stack of this parser would double with every `async`");
  return ts.createSourceFile(module, text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS);
};

/** The parser reads what follows `async` twice, and so what is nested n times 2ⁿ times. No policy may use it even once. */
const mostAsync = 16;

const countedAsync = (text: string): number => {
  const unescaped = text.replace(/\\u(?:\{0*([\da-f]{1,4})\}|([\da-f]{4}))/gi, (_, braced?: string, plain?: string) =>
    String.fromCharCode(Number.parseInt(braced ?? plain ?? "0", 16)),
  );
  return unescaped.split("async").length - 1;
};

/** The parser and all that walk its trees recurse; a text nested deeply enough takes the stack of each. */
export const isTooDeep = (error: unknown): boolean => error instanceof RangeError && /call stack/.test(error.message);

/** The smallest node that holds the offset, tokens apart. */
export const nodeAt = (ts: TypeScript, file: ts.SourceFile, offset: number): ts.Node => {
  let found: ts.Node = file;
  for (;;) {
    const inner: ts.Node | undefined = ts.forEachChild(found, (child) =>
      child.getStart(file) <= offset && offset < child.end ? child : undefined,
    );
    if (inner === undefined) return found;
    found = inner;
  }
};

/** The expression that a module exports as default, or what names it. */
export const defaultExport = (ts: TypeScript, file: ts.SourceFile): ts.Node | undefined => {
  for (const statement of file.statements) {
    if (ts.isExportAssignment(statement)) return statement.expression;
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
    if (modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true) return statement;
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
      const named = statement.exportClause.elements.find(({ name }) => name.text === "default");
      if (named !== undefined) return named.propertyName ?? named.name;
    }
  }
  return undefined;
};
