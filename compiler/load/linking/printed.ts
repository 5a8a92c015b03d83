import { refusedBySes } from "./linkable.ts";
import type { ts, TypeScript } from "./syntax.ts";

/** A module without types, printed from its tree: one statement for one export, no literal that SES would refuse. */
export interface Printed {
  readonly text: string;
  /** A version 3 source map from `text` back to the module. */
  readonly map: string;
}

export type Instrument = (context: ts.TransformationContext) => ts.Transformer<ts.SourceFile>;

export const printed = (ts: TypeScript, module: string, text: string, instrument?: Instrument): Printed => {
  const { outputText, sourceMapText = "" } = ts.transpileModule(text, {
    fileName: module,
    compilerOptions: {
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      removeComments: true,
      sourceMap: true,
      newLine: ts.NewLineKind.LineFeed,
    },
    transformers: { before: [...(instrument ? [instrument] : []), tamedLiterals(ts)], after: [separateExports(ts)] },
  });
  return { text: outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"), map: sourceMapText };
};

/** `export const a = 1, { b } = c` says its names in a statement of its own: `export { a, b }`. */
const separateExports = (ts: TypeScript) => (): ts.Transformer<ts.SourceFile> => (file) => {
  const { factory } = ts;
  const names: ts.ExportSpecifier[] = [];
  const statements = file.statements.map((statement) => {
    if (!ts.isVariableStatement(statement)) return statement;
    if (statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) !== true) return statement;
    const collect = (name: ts.BindingName): void => {
      if (ts.isIdentifier(name)) names.push(factory.createExportSpecifier(false, undefined, name.text));
      else for (const element of name.elements) if (ts.isBindingElement(element)) collect(element.name);
    };
    for (const { name } of statement.declarationList.declarations) collect(name);
    return factory.updateVariableStatement(statement, [], statement.declarationList);
  });
  if (names.length === 0) return file;
  const exported = factory.createExportDeclaration(undefined, false, factory.createNamedExports(names));
  return factory.updateSourceFile(file, [...statements, exported]);
};

/**
 * Literals that hold what SES refuses are rewritten to expressions of the same value, cut where the refused text
 * would stand: SES's own evasions change the strings.
 */
const tamedLiterals =
  (ts: TypeScript) =>
  (context: ts.TransformationContext): ts.Transformer<ts.SourceFile> => {
    const { factory } = ts;
    // A node that was rebuilt for instrumentation has no parent and no text of its own: ask the one it was made from.
    const isMade = (node: ts.Node): boolean => ts.getOriginalNode(node).pos < 0;
    const offends = (node: ts.Node, file: ts.SourceFile): boolean =>
      !isMade(node) && refusedBySes.test(ts.getOriginalNode(node).getText(file));
    const parentOf = (node: ts.Node): ts.Node => ts.getOriginalNode(node).parent;
    const string = (text: string): ts.Expression => {
      const [first = "", ...rest] = cut(text);
      return rest.reduce<ts.Expression>(
        (sum, part) => factory.createParenthesizedExpression(factory.createAdd(sum, factory.createStringLiteral(part))),
        factory.createStringLiteral(first),
      );
    };
    const regex = (literal: string): ts.Expression => {
      const end = literal.lastIndexOf("/");
      const constructor = factory.createPropertyAccessExpression(
        factory.createRegularExpressionLiteral("/./"),
        "constructor",
      );
      return factory.createNewExpression(factory.createParenthesizedExpression(constructor), undefined, [
        string(literal.slice(1, end)),
        string(literal.slice(end + 1)),
      ]);
    };

    return (file) => {
      const visit = (node: ts.Node): ts.Node => {
        if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return node;
        if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
          if (!offends(node, file)) return node;
          const parent = parentOf(node);
          if (ts.isTaggedTemplateExpression(parent) || ts.isExportDeclaration(parent)) return node;
          const value = string(node.text);
          const isName = "name" in parent && parent.name === ts.getOriginalNode(node);
          return isName ? factory.createComputedPropertyName(value) : value;
        }
        if (
          ts.isIdentifier(node) &&
          (node.text === "import" || node.text === "eval") &&
          isMethodName(ts, parentOf(node), node)
        ) {
          return factory.createStringLiteral(node.text);
        }
        // Before its template is seen as one of the untagged.
        if (ts.isTaggedTemplateExpression(node) && offends(node.template, file)) return tagged(node, visit);
        if (ts.isRegularExpressionLiteral(node)) return isMade(node) ? node : regex(node.text);
        if (ts.isTemplateExpression(node) && offends(node, file)) {
          const parts = node.templateSpans.flatMap(({ expression, literal }) => [
            ts.visitNode(expression, visit) as ts.Expression,
            string(literal.text),
          ]);
          const concat = factory.createPropertyAccessExpression(
            factory.createParenthesizedExpression(string(node.head.text)),
            "concat",
          );
          return factory.createCallExpression(concat, undefined, parts);
        }
        return ts.visitEachChild(node, visit, context);
      };

      /** `tag(strings, ...values)` with the strings' `raw` beside them; the array is made anew at every call. */
      const tagged = (node: ts.TaggedTemplateExpression, inner: ts.Visitor): ts.Expression => {
        const { template } = node;
        const literals = ts.isNoSubstitutionTemplateLiteral(template)
          ? [template]
          : [template.head, ...template.templateSpans.map(({ literal }) => literal)];
        const values = ts.isNoSubstitutionTemplateLiteral(template)
          ? []
          : template.templateSpans.map(({ expression }) => ts.visitNode(expression, inner) as ts.Expression);
        const strings = factory.createArrayLiteralExpression(literals.map(({ text }) => string(text)));
        const raw = factory.createArrayLiteralExpression(
          literals.map((literal) => string(rawText(ts.getOriginalNode(literal), file))),
        );
        // `Object` may be hidden by a local name; a literal's constructor cannot.
        const object = factory.createPropertyAccessExpression(
          factory.createParenthesizedExpression(factory.createObjectLiteralExpression()),
          "constructor",
        );
        const call = (name: string, ...of: ts.Expression[]) =>
          factory.createCallExpression(factory.createPropertyAccessExpression(object, name), undefined, of);
        const value = factory.createObjectLiteralExpression([
          factory.createPropertyAssignment("value", call("freeze", raw)),
        ]);
        const made = call("freeze", call("defineProperty", strings, factory.createStringLiteral("raw"), value));
        return factory.createCallExpression(ts.visitNode(node.tag, inner) as ts.Expression, undefined, [
          made,
          ...values,
        ]);
      };
      return ts.visitEachChild(file, visit, context);
    };
  };

const isMethodName = (ts: TypeScript, parent: ts.Node | undefined, node: ts.Node): boolean =>
  parent !== undefined &&
  (ts.isMethodDeclaration(parent) || ts.isAccessor(parent)) &&
  parent.name === ts.getOriginalNode(node);

/** What `raw` holds: the source between the delimiters, with line ends as the language has them. */
const rawText = (literal: ts.Node, file: ts.SourceFile): string =>
  literal
    .getText(file)
    .replace(/^[`}]/, "")
    .replace(/(?:`|\$\{)$/, "")
    .replace(/\r\n?/g, "\n");

/** Cuts inside of everything that SES would find in a printed literal. */
const cut = (text: string): readonly string[] =>
  text.split(/(?<=\bimpor)(?=t)|(?<=\beva)(?=l)|(?<=<!)(?=--)|(?<=-)(?=->)/);
