import { libraryPrefix } from "../linking/import-target.ts";
import { traceName } from "../linking/linkable.ts";
import type { Instrument } from "../linking/printed.ts";
import type { Part } from "../sandbox/trace.ts";
import type { ts, TypeScript } from "../linking/syntax.ts";

/** An expression by where it stands. */
export interface Site {
  readonly module: string;
  readonly start: number;
  readonly end: number;
}

/** What instrumented modules name by number. */
export interface Sites {
  readonly sites: Site[];
  /** The make-up of each object and list literal. */
  readonly literals: (readonly Part[])[];
}

/** Expressions of our own library carry what passes through them, and are never shown. */
const ownSite = -1;

/**
 * Rewrites a module so that its literals, calls, assignments and throws tell the tracer (`sandbox/trace.ts`) where
 * they stand. It evaluates to the same data.
 */
export const instrument =
  ({ sites, literals }: Sites) =>
  (ts: TypeScript, module: string): Instrument =>
  (context) => {
    const { factory } = context;

    return (file) => {
      const site = (node: ts.Node): number =>
        module.startsWith(libraryPrefix)
          ? ownSite
          : sites.push({ module, start: node.getStart(file), end: node.end }) - 1;
      const number = (value: number): ts.Expression =>
        value < 0
          ? factory.createPrefixUnaryExpression(ts.SyntaxKind.MinusToken, factory.createNumericLiteral(-value))
          : factory.createNumericLiteral(value);
      const traced = (name: string, ...of: readonly ts.Expression[]): ts.Expression =>
        factory.createCallExpression(
          factory.createPropertyAccessExpression(factory.createIdentifier(traceName), name),
          undefined,
          of,
        );
      const expression = (node: ts.Node): ts.Expression => ts.visitNode(node, visit) as ts.Expression;

      /** A member's value: where it is chosen between expressions, the one that was taken is what was written. */
      const memberValue = (node: ts.Expression, whole: number): ts.Expression => {
        const inner = bare(ts, node);
        return branches(inner) === undefined ? expression(node) : traced("chosen", number(whole), chosen(node));
      };
      const chosen = (node: ts.Expression): ts.Expression => {
        const inner = bare(ts, node);
        const parts = branches(inner);
        if (parts === undefined) return traced("taken", number(site(inner)), expression(node));
        if (ts.isConditionalExpression(inner)) {
          return factory.createParenthesizedExpression(
            factory.updateConditionalExpression(
              inner,
              expression(inner.condition),
              inner.questionToken,
              chosen(inner.whenTrue),
              inner.colonToken,
              chosen(inner.whenFalse),
            ),
          );
        }
        const { left, operatorToken, right } = inner as ts.BinaryExpression;
        return factory.createParenthesizedExpression(
          factory.createBinaryExpression(chosen(left), operatorToken, chosen(right)),
        );
      };
      const branches = (node: ts.Expression): readonly ts.Expression[] | undefined => {
        if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse];
        if (!ts.isBinaryExpression(node)) return undefined;
        const { kind } = node.operatorToken;
        const isChoice =
          kind === ts.SyntaxKind.QuestionQuestionToken ||
          kind === ts.SyntaxKind.BarBarToken ||
          kind === ts.SyntaxKind.AmpersandAmpersandToken;
        return isChoice ? [node.left, node.right] : undefined;
      };

      const objectLiteral = (node: ts.ObjectLiteralExpression): ts.Expression => {
        const parts: Part[] = [];
        const literal = literals.push(parts) - 1;
        const properties = node.properties.map((property): ts.ObjectLiteralElementLike => {
          if (ts.isSpreadAssignment(property)) {
            parts.push({ spread: site(property.expression) });
            return factory.updateSpreadAssignment(property, traced("keep", expression(property.expression)));
          }
          const value = ts.isPropertyAssignment(property)
            ? property.initializer
            : ts.isShorthandPropertyAssignment(property)
              ? property.name
              : property;
          const at = site(ts.isExpression(value) ? unparenthesized(ts, value) : value);
          const { name } = property;
          if (ts.isComputedPropertyName(name)) {
            if (!ts.isPropertyAssignment(property)) return ts.visitEachChild(property, visit, context);
            parts.push({ computed: at });
            const key = factory.updateComputedPropertyName(name, traced("key", expression(name.expression)));
            return factory.updatePropertyAssignment(property, key, memberValue(property.initializer, at));
          }
          parts.push({ name: nameText(ts, name), site: at });
          if (!ts.isPropertyAssignment(property)) return ts.visitEachChild(property, visit, context);
          return factory.updatePropertyAssignment(property, name, memberValue(property.initializer, at));
        });
        const value = factory.updateObjectLiteralExpression(node, properties);
        return traced("object", traced("open"), number(site(node)), number(literal), value);
      };

      const listLiteral = (node: ts.ArrayLiteralExpression): ts.Expression => {
        const parts: Part[] = [];
        const literal = literals.push(parts) - 1;
        const elements = node.elements.map((element) => {
          if (ts.isSpreadElement(element)) {
            parts.push({ spread: site(element.expression) });
            return factory.updateSpreadElement(element, traced("items", expression(element.expression)));
          }
          const at = site(unparenthesized(ts, element));
          parts.push({ name: "", site: at });
          return ts.isOmittedExpression(element) ? element : memberValue(element, at);
        });
        const value = factory.updateArrayLiteralExpression(node, elements);
        return traced("list", traced("open"), number(site(node)), number(literal), value);
      };

      const assigned = (node: ts.BinaryExpression): readonly ts.Expression[] => [
        expression(node.right),
        number(site(node.right)),
        number(site(node)),
      ];
      const assignment = (node: ts.BinaryExpression): ts.Expression | undefined => {
        const target = bare(ts, node.left);
        if (ts.isPropertyAccessExpression(target) && ts.isIdentifier(target.name)) {
          if (target.expression.kind === ts.SyntaxKind.SuperKeyword) return undefined;
          const key = factory.createStringLiteral(target.name.text);
          return traced("assign", expression(target.expression), key, ...assigned(node));
        }
        if (!ts.isElementAccessExpression(target) || target.expression.kind === ts.SyntaxKind.SuperKeyword)
          return undefined;
        const [holder, key] = [expression(target.expression), expression(target.argumentExpression)];
        return traced("assign", holder, key, ...assigned(node));
      };

      const visit = (node: ts.Node): ts.Node => {
        if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return node;
        if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
          const made = assignment(node);
          if (made !== undefined) return made;
          // `[a, b] = c`: what looks like literals on the left are patterns.
          return factory.updateBinaryExpression(node, node.left, node.operatorToken, expression(node.right));
        }
        if (ts.isForOfStatement(node) || ts.isForInStatement(node)) {
          const body = ts.visitNode(node.statement, visit) as ts.Statement;
          const iterated = expression(node.expression);
          return ts.isForOfStatement(node)
            ? factory.updateForOfStatement(node, node.awaitModifier, node.initializer, iterated, body)
            : factory.updateForInStatement(node, node.initializer, iterated, body);
        }
        if (ts.isObjectLiteralExpression(node)) return objectLiteral(node);
        if (ts.isArrayLiteralExpression(node)) return listLiteral(node);
        if (ts.isThrowStatement(node)) {
          return factory.updateThrowStatement(
            node,
            traced("thrown", number(site(node.expression)), expression(node.expression)),
          );
        }
        const visited = ts.visitEachChild(node, visit, context);
        return isPlainCall(ts, node) ? traced("call", number(site(node)), visited as ts.Expression) : visited;
      };
      return ts.visitEachChild(file, visit, context);
    };
  };

const unparenthesized = (ts: TypeScript, node: ts.Expression): ts.Expression =>
  ts.isParenthesizedExpression(node) ? unparenthesized(ts, node.expression) : node;

/** Without parentheses and without what only types see. */
const bare = (ts: TypeScript, node: ts.Expression): ts.Expression =>
  ts.isParenthesizedExpression(node) ||
  ts.isAsExpression(node) ||
  ts.isSatisfiesExpression(node) ||
  ts.isNonNullExpression(node)
    ? bare(ts, node.expression)
    : node;

/** A call whose value can be passed on: not `super()`, and no link in the middle of an optional chain. */
const isPlainCall = (ts: TypeScript, node: ts.Node): boolean => {
  if (ts.isNewExpression(node)) return true;
  if (!ts.isCallExpression(node) || node.expression.kind === ts.SyntaxKind.SuperKeyword) return false;
  return (node.flags & ts.NodeFlags.OptionalChain) === 0;
};

const nameText = (ts: TypeScript, name: Exclude<ts.PropertyName, ts.ComputedPropertyName>): string =>
  ts.isNumericLiteral(name) || ts.isBigIntLiteral(name) ? String(Number(name.text)) : name.text;
