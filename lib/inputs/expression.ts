/**
 * The syntax of the platform's `${{ … }}` as forms use it: references, literals, bare words, arithmetic, comparison,
 * `includes`, `in`, `get`, `!`, `&&`, `||`, `??`, `? :`, and text around it.
 */

import type { Json } from "../json.ts";
import { choose, type ExpressionValue, joined, negative, not, operate, UNKNOWN_VALUE } from "./operators.ts";

/** The index of the list row that contains the expression: `inputs.rows.[index].name`. */
export const CURRENT_ROW: unique symbol = Symbol("this row");
export type InputReference = readonly (string | typeof CURRENT_ROW)[];

/** Resolves the references of an expression. */
export interface ExpressionScope {
  /** The value of `inputs.…`. The reference excludes `inputs`. */
  input(reference: InputReference): ExpressionValue;
  /** The value of an attribute, like `.hidden`, of the field that the expression belongs to. */
  attribute(name: string): ExpressionValue;
  /** Called with the name of each fact that is not known, like `org.REGION`. */
  readonly onUnknown?: ((fact: string) => void) | undefined;
}

/** The value of an expression, or of a part of one. */
type Evaluate = (scope: ExpressionScope) => ExpressionValue;

export interface Expression {
  /** As in the workflow file. */
  readonly text: string;
  /** `null` for an unsupported expression. */
  readonly evaluate: Evaluate | null;
  /** What it reads that is not in the form, like `org.REGION`. */
  readonly external: readonly string[];
}

export function evaluateExpression({ text, evaluate }: Expression, scope: ExpressionScope): ExpressionValue {
  if (evaluate !== null) return evaluate(scope);
  scope.onUnknown?.(text);
  return UNKNOWN_VALUE;
}

/** More than real expressions need, and few enough for the stack. */
const MAX_LENGTH = 4_000;
const MAX_DEPTH = 100;

export function isExpression(text: string): boolean {
  return text.includes("${{");
}

/** Parses one expression, with or without `${{ … }}`, or a text with expressions in it. */
export function parseExpression(text: string): Expression {
  const trimmed = text.trim();
  if (trimmed.length > MAX_LENGTH) return { text: trimmed, evaluate: null, external: [] };
  const inner = /^\$\{\{((?:(?!\$\{\{|\}\})[^])*)\}\}$/.exec(trimmed)?.[1] ??
    (isExpression(trimmed) ? undefined : trimmed);
  const external = new Set<string>();
  const evaluate = inner === undefined ? parseText(text, external) : parseOne(inner, external);
  return { text: trimmed, evaluate, external: evaluate === null ? [] : [...external] };
}

function parseText(text: string, external: Set<string>): Evaluate | null {
  const parts: Evaluate[] = [];
  for (const [index, part] of text.split(/\$\{\{((?:(?!\}\})[^])*)\}\}/).entries()) {
    const evaluate = index % 2 === 0 ? () => part : parseOne(part, external);
    if (evaluate === null || (index % 2 === 0 && isExpression(part))) return null;
    parts.push(evaluate);
  }
  return (scope) => joined(parts.map((part) => part(scope)));
}

const TOKEN =
  /\s*(?:('[^'\\]*'|"[^"\\]*")|(\d+(?:\.\d+)?(?![\w.]))|(!(?:in|includes)(?![\w.-])|[=!]==?|[<>]=?|&&|\|\||\?\?|[-+*\/%!?:()])|(\.?[A-Za-z_][\w-]*(?:\.[\w-]+|\.?\[(?:index|\d+)\])*))/y;

/** An operator, or what stands between operators. */
type Token = string | Evaluate;

function tokensOf(text: string, external: Set<string>): Token[] | undefined {
  const reader = new RegExp(TOKEN);
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  while (reader.lastIndex < end) {
    const match = reader.exec(text);
    if (match === null) return undefined;
    const [, quoted, number, operator, name = ""] = match;
    if (quoted !== undefined) tokens.push(() => quoted.slice(1, -1));
    else if (number !== undefined) tokens.push(() => Number(number));
    else tokens.push(operator ?? (WORD_OPERATORS.has(name) ? name : named(name, external)));
  }
  return tokens;
}

const WORD_OPERATORS: ReadonlySet<string> = new Set(["in", "includes", "get"]);

/** Binary operators in ascending precedence; those of a level associate to the left. */
const LEVELS: readonly (readonly string[])[] = [
  ["??"],
  ["||"],
  ["&&"],
  ["==", "!=", "===", "!==", "<", "<=", ">", ">=", "in", "!in", "includes", "!includes"],
  ["+", "-"],
  ["*", "/", "%"],
  ["get"],
];

/** `null` if the text is not a valid expression. */
function parseOne(text: string, external: Set<string>): Evaluate | null {
  const tokens = tokensOf(text, external);
  if (tokens === undefined) return null;
  let position = 0;
  let depth = 0;
  const operatorIn = (operators: readonly string[] | undefined): string | undefined => {
    const token = tokens[position];
    if (typeof token !== "string" || operators?.includes(token) !== true) return undefined;
    position++;
    return token;
  };
  const accept = (operator: string) => operatorIn([operator]) !== undefined;
  type Maybe = Evaluate | null;

  const choice = (): Maybe => {
    if (depth++ > MAX_DEPTH) return null;
    const test = binary(0);
    depth--;
    if (test === null || !accept("?")) return test;
    const yes = choice();
    const no = accept(":") ? choice() : null;
    if (yes === null || no === null) return null;
    return (scope) => choose(test(scope), () => yes(scope), () => no(scope));
  };
  const binary = (level: number): Maybe => {
    if (level === LEVELS.length) return single();
    let found = binary(level + 1);
    while (found !== null) {
      const operator = operatorIn(LEVELS[level]);
      if (operator === undefined) break;
      const [left, right] = [found, binary(level + 1)];
      found = right && ((scope) => operate(operator, left(scope), () => right(scope)));
    }
    return found;
  };
  const single = (): Maybe => {
    const sign = accept("!") ? not : accept("-") ? negative : undefined;
    if (sign !== undefined) {
      const operand = single();
      return operand && ((scope) => sign(operand(scope)));
    }
    if (accept("(")) {
      const inner = choice();
      return accept(")") ? inner : null;
    }
    const token = tokens[position++];
    return typeof token === "function" ? token : null;
  };

  const evaluate = choice();
  return position === tokens.length ? evaluate : null;
}

const KEYWORDS: ReadonlyMap<string, Json> = new Map([["true", true], ["false", false], ["null", null]]);
const EXTERNAL_ROOTS: ReadonlySet<string> = new Set(["inputs", "org", "needs", "sessions", "app", "env"]);

function named(text: string, external: Set<string>): Evaluate {
  if (text.startsWith(".")) return (scope) => scope.attribute(text.slice(1));
  const keyword = KEYWORDS.get(text);
  if (keyword !== undefined) return () => keyword;
  const [root = "", ...rest] = text.match(/\[index\]|[\w-]+/g) ?? [];
  if (root === "inputs" && rest.length > 0) {
    const reference = rest.map((part) => part === "[index]" ? CURRENT_ROW : part);
    return (scope) => scope.input(reference);
  }
  // The platform reads a bare word as text: `inputs.claim != Existing`.
  if (rest.length === 0 && !EXTERNAL_ROOTS.has(root)) return () => text;
  external.add(text);
  return ({ onUnknown }) => {
    onUnknown?.(text);
    return UNKNOWN_VALUE;
  };
}
