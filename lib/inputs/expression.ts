/**
 * The subset of the platform's `${{ … }}` that forms use to hide and ignore fields: references, literals, `!`,
 * comparison, `&&`, `||` and `? :`. An unsupported expression, or one that only the platform can evaluate, is unknown; the
 * operators have three-valued logic (`false && unknown` is false).
 */

import type { Json } from "../json.ts";

export interface Expression {
  /** As in the workflow file. */
  readonly text: string;
  /** `null` for an unsupported expression. */
  readonly tree: ExpressionTree | null;
}

/** A value that only the platform knows. */
export const UNKNOWN_VALUE: unique symbol = Symbol("unknown");
export type ExpressionValue = Json | typeof UNKNOWN_VALUE;

/** The index of the list row that contains the expression: `inputs.rows.[index].name`. */
export const CURRENT_ROW: unique symbol = Symbol("this row");
export type InputReference = readonly (string | typeof CURRENT_ROW)[];

/** Resolves the references of an expression. */
export interface ExpressionScope {
  /** The value of `inputs.…`. The reference excludes `inputs`. */
  input(reference: InputReference): ExpressionValue;
  /** The value of an attribute, like `.hidden`, of the field that the expression belongs to. */
  attribute(name: string): ExpressionValue;
}

type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

export type ExpressionTree =
  | { readonly type: "literal"; readonly value: Json }
  | { readonly type: "input"; readonly reference: InputReference }
  | { readonly type: "attribute"; readonly name: string }
  /** `org`, `needs`, `sessions` and anything else outside the form. */
  | { readonly type: "external" }
  | { readonly type: "not"; readonly operand: ExpressionTree }
  | { readonly type: "and" | "or"; readonly left: ExpressionTree; readonly right: ExpressionTree }
  | {
    readonly type: "compare";
    readonly operator: Comparison;
    readonly left: ExpressionTree;
    readonly right: ExpressionTree;
  }
  | {
    readonly type: "choose";
    readonly test: ExpressionTree;
    readonly yes: ExpressionTree;
    readonly no: ExpressionTree;
  };

/** More than real expressions need, and few enough for the stack. */
const MAX_LENGTH = 4_000;
const MAX_DEPTH = 100;

/** True for a text that contains an expression. */
export function isExpression(text: string): boolean {
  return text.includes("${{");
}

/** Parses one expression, with or without `${{ … }}`. */
export function parseExpression(text: string): Expression {
  const inner = /^\s*\$\{\{([^]*)\}\}\s*$/.exec(text)?.[1] ?? text;
  const tokens = inner.includes("${{") || inner.length > MAX_LENGTH ? undefined : tokensOf(inner);
  return { text: text.trim(), tree: tokens === undefined ? null : treeOf(tokens) };
}

export function evaluateExpression({ tree }: Expression, scope: ExpressionScope): ExpressionValue {
  return tree === null ? UNKNOWN_VALUE : valueOf(tree, scope);
}

/** `undefined` if it is not known whether the value counts as true. */
export function truthOf(value: ExpressionValue): boolean | undefined {
  // The text "false" is true in some languages and false in others; the platform's choice is not known.
  if (value === UNKNOWN_VALUE || value === "false") return undefined;
  return value !== null && value !== false && value !== "" && value !== 0;
}

const TOKEN =
  /\s*(?:('[^'\\]*'|"[^"\\]*")|(-?\d+(?:\.\d+)?(?![\w.]))|(&&|\|\||[=!<>]=|[<>!?:()])|(\.?[A-Za-z_][\w-]*(?:\.[\w-]+|\.?\[(?:index|\d+)\])*))/y;

interface Token {
  readonly type: "text" | "number" | "operator" | "name";
  readonly text: string;
}

function tokensOf(text: string): Token[] | undefined {
  const reader = new RegExp(TOKEN);
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  while (reader.lastIndex < end) {
    const match = reader.exec(text);
    if (match === null) return undefined;
    const [, quoted, number, operator, name] = match;
    if (quoted !== undefined) tokens.push({ type: "text", text: quoted.slice(1, -1) });
    else if (number !== undefined) tokens.push({ type: "number", text: number });
    else if (operator !== undefined) tokens.push({ type: "operator", text: operator });
    else tokens.push({ type: "name", text: name ?? "" });
  }
  return tokens;
}

const COMPARISONS: ReadonlyMap<string, Comparison> = new Map(
  (["==", "!=", "<", "<=", ">", ">="] as const).map((operator) => [operator, operator]),
);
/** `null` if the tokens are not a valid expression. */
function treeOf(tokens: readonly Token[]): ExpressionTree | null {
  let position = 0;
  let depth = 0;
  const accept = (operator: string): boolean => {
    const token = tokens[position];
    if (token?.type !== "operator" || token.text !== operator) return false;
    position++;
    return true;
  };
  type Maybe = ExpressionTree | null;

  const choice = (): Maybe => {
    if (depth++ > MAX_DEPTH) return null;
    const test = chain("or", "||", () => chain("and", "&&", comparison));
    depth--;
    if (test === null || !accept("?")) return test;
    const yes = choice();
    const no = accept(":") ? choice() : null;
    return yes === null || no === null ? null : { type: "choose", test, yes, no };
  };
  const chain = (type: "and" | "or", operator: string, operand: () => Maybe): Maybe => {
    let left = operand();
    while (left !== null && accept(operator)) {
      const right = operand();
      left = right === null ? null : { type, left, right };
    }
    return left;
  };
  const comparison = (): Maybe => {
    const left = single();
    const next = tokens[position];
    const operator = next?.type === "operator" ? COMPARISONS.get(next.text) : undefined;
    if (left === null || operator === undefined) return left;
    position++;
    const right = single();
    return right === null ? null : { type: "compare", operator, left, right };
  };
  const single = (): Maybe => {
    let negations = 0;
    while (accept("!")) negations++;
    let operand = accept("(") ? inParentheses() : leaf(tokens[position++]);
    for (; operand !== null && negations > 0; negations--) operand = { type: "not", operand };
    return operand;
  };
  const inParentheses = (): Maybe => {
    const inner = choice();
    return accept(")") ? inner : null;
  };

  const tree = choice();
  return position === tokens.length ? tree : null;
}

function leaf(token: Token | undefined): ExpressionTree | null {
  switch (token?.type) {
    case "text":
      return { type: "literal", value: token.text };
    case "number":
      return { type: "literal", value: Number(token.text) };
    case "name":
      return named(token.text);
    case "operator":
    case undefined:
      return null;
  }
}

const KEYWORDS: ReadonlyMap<string, Json> = new Map([["true", true], ["false", false], ["null", null]]);

function named(text: string): ExpressionTree {
  if (text.startsWith(".")) return { type: "attribute", name: text.slice(1) };
  const keyword = KEYWORDS.get(text);
  if (keyword !== undefined) return { type: "literal", value: keyword };
  const [root, ...rest] = text.match(/\[index\]|[\w-]+/g) ?? [];
  if (root !== "inputs" || rest.length === 0) return { type: "external" };
  return { type: "input", reference: rest.map((part) => part === "[index]" ? CURRENT_ROW : part) };
}

function valueOf(tree: ExpressionTree, scope: ExpressionScope): ExpressionValue {
  switch (tree.type) {
    case "literal":
      return tree.value;
    case "input":
      return scope.input(tree.reference);
    case "attribute":
      return scope.attribute(tree.name);
    case "external":
      return UNKNOWN_VALUE;
    case "not": {
      const truth = truthOf(valueOf(tree.operand, scope));
      return truth === undefined ? UNKNOWN_VALUE : !truth;
    }
    case "and":
    case "or": {
      const decides = tree.type === "or";
      const left = valueOf(tree.left, scope);
      const truth = truthOf(left);
      if (truth === decides) return left;
      const right = valueOf(tree.right, scope);
      // An unknown left operand does not matter if the right one decides.
      return truth !== undefined || truthOf(right) === decides ? right : UNKNOWN_VALUE;
    }
    case "compare":
      return compare(tree.operator, valueOf(tree.left, scope), valueOf(tree.right, scope));
    case "choose": {
      const truth = truthOf(valueOf(tree.test, scope));
      if (truth !== undefined) return valueOf(truth ? tree.yes : tree.no, scope);
      const yes = valueOf(tree.yes, scope);
      return yes === valueOf(tree.no, scope) ? yes : UNKNOWN_VALUE;
    }
  }
}

function compare(operator: Comparison, left: ExpressionValue, right: ExpressionValue): ExpressionValue {
  if (operator === "==" || operator === "!=") {
    const same = isSame(left, right);
    return same === undefined ? UNKNOWN_VALUE : same === (operator === "==");
  }
  if (typeof left !== "number" || typeof right !== "number") return UNKNOWN_VALUE;
  switch (operator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
  }
}

/** `undefined` for values of different types that are equal only if the platform converts them. */
function isSame(left: ExpressionValue, right: ExpressionValue): boolean | undefined {
  if (left === UNKNOWN_VALUE || right === UNKNOWN_VALUE) return undefined;
  if (typeof left === "object" || typeof right === "object") {
    if (left === null && right === null) return true;
    const other = left === null ? right : left;
    return typeof other === "object" || other === "" || other === false || other === 0 ? undefined : false;
  }
  if (typeof left === typeof right) return left === right;
  return String(left) === String(right) || Number(left) === Number(right) ? undefined : false;
}
