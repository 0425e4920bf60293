/** Finds the places in source text where a small fault can be planted, and draws some of them. */

import {
  createSourceFile,
  forEachChild,
  isArrowFunction,
  isAwaitExpression,
  isBinaryExpression,
  isBlock,
  isCallExpression,
  isConditionalExpression,
  isExpressionStatement,
  isIfStatement,
  isPrefixUnaryExpression,
  isReturnStatement,
  isSatisfiesExpression,
  isStringLiteralLike,
  isTemplateExpression,
  isTypeNode,
  isVoidExpression,
  isWhileStatement,
  type Node,
  ScriptTarget,
  type SourceFile,
  SyntaxKind,
} from "../deps/typescript.ts";

/** A replacement in one file. */
export interface Mutation {
  readonly kind: "operator" | "return" | "condition" | "call";
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Offsets of the replaced text. */
  readonly start: number;
  readonly end: number;
  readonly before: string;
  readonly after: string;
}

const OPERATORS = new Map<SyntaxKind, string>([
  [SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [SyntaxKind.ExclamationEqualsEqualsToken, "==="],
  [SyntaxKind.LessThanToken, ">="],
  [SyntaxKind.LessThanEqualsToken, ">"],
  [SyntaxKind.GreaterThanToken, "<="],
  [SyntaxKind.GreaterThanEqualsToken, "<"],
  [SyntaxKind.AmpersandAmpersandToken, "||"],
  [SyntaxKind.BarBarToken, "&&"],
  [SyntaxKind.PlusToken, "-"],
  [SyntaxKind.MinusToken, "+"],
  [SyntaxKind.AsteriskToken, "/"],
  [SyntaxKind.SlashToken, "*"],
]);

/** All mutations of a file, in the order of their places. */
export function mutationsOf(file: string, text: string): Mutation[] {
  const source = createSourceFile(file, text, ScriptTarget.Latest, true);
  const found: Mutation[] = [];
  const visit = (node: Node) => {
    if (isTypeNode(node)) return;
    found.push(...mutationsAt(node, source, file));
    forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function mutationsAt(node: Node, source: SourceFile, file: string): Mutation[] {
  const replace = (kind: Mutation["kind"], place: Node, after: string): Mutation => {
    const start = place.getStart(source);
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    return { kind, file, line, start, end: place.getEnd(), before: place.getText(source), after };
  };
  const negated = (place: Node) => replace("condition", place, `!(${place.getText(source)})`);

  if (isBinaryExpression(node)) {
    const after = OPERATORS.get(node.operatorToken.kind);
    const isText = isTextual(node.left) || isTextual(node.right);
    return after === undefined || isText && after === "-" ? [] : [replace("operator", node.operatorToken, after)];
  }
  if (isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken) {
    return [replace("condition", node, `(${node.operand.getText(source)})`)];
  }
  if (isIfStatement(node)) return [negated(node.expression)];
  if (isWhileStatement(node) && node.expression.kind !== SyntaxKind.TrueKeyword) return [negated(node.expression)];
  if (isConditionalExpression(node)) return [negated(node.condition)];
  if (isReturnStatement(node) && node.expression !== undefined) return returned(node.expression, replace);
  if (isArrowFunction(node) && !isBlock(node.body)) return returned(node.body, replace);
  if (isExpressionStatement(node)) {
    const call = isAwaitExpression(node.expression) ? node.expression.expression : node.expression;
    return isCallExpression(call) ? [replace("call", node, ";")] : [];
  }
  return [];
}

function returned(
  value: Node,
  replace: (kind: Mutation["kind"], place: Node, after: string) => Mutation,
): Mutation[] {
  // `return event satisfies never` is never reached; `void f()` and `undefined` return nothing.
  if (isSatisfiesExpression(value) || isVoidExpression(value) || value.getText() === "undefined") return [];
  switch (value.kind) {
    case SyntaxKind.TrueKeyword:
      return [replace("return", value, "false")];
    case SyntaxKind.FalseKeyword:
      return [replace("return", value, "true")];
    default:
      return [replace("return", value, "undefined")];
  }
}

function isTextual(node: Node): boolean {
  return isStringLiteralLike(node) || isTemplateExpression(node) ||
    isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.PlusToken &&
      (isTextual(node.left) || isTextual(node.right));
}

/** Draws different items, in random order. */
export function draw<T>(items: readonly T[], count: number, random: () => number): T[] {
  const rest = [...items];
  const drawn: T[] = [];
  while (drawn.length < count && rest.length > 0) {
    drawn.push(...rest.splice(Math.floor(random() * rest.length), 1));
  }
  return drawn;
}
