/**
 * The syntax of the platform's `${{ … }}` as forms use it: references, literals, bare words, arithmetic, comparison,
 * `includes`, `in`, `get`, `!`, `&&`, `||`, `??`, `? :`, and text around it.
 */

import type { Json } from "../json.ts";

export interface Expression {
  /** As in the workflow file. */
  readonly text: string;
  /** `null` for an unsupported expression. */
  readonly tree: ExpressionTree | null;
}

/** The index of the list row that contains the expression: `inputs.rows.[index].name`. */
export const CURRENT_ROW: unique symbol = Symbol("this row");
export type InputReference = readonly (string | typeof CURRENT_ROW)[];

export type ExpressionTree =
  | { readonly type: "literal"; readonly value: Json }
  | { readonly type: "input"; readonly reference: InputReference }
  | { readonly type: "attribute"; readonly name: string }
  /** `org`, `needs`, `sessions` and anything else outside the form. */
  | { readonly type: "external"; readonly name: string }
  | { readonly type: "not" | "negative"; readonly operand: ExpressionTree }
  | Operation
  | {
    readonly type: "choose";
    readonly test: ExpressionTree;
    readonly yes: ExpressionTree;
    readonly no: ExpressionTree;
  }
  /** Text with expressions in it. */
  | { readonly type: "text"; readonly parts: readonly ExpressionTree[] };

export interface Operation {
  readonly type: "operation";
  readonly operator: string;
  readonly left: ExpressionTree;
  readonly right: ExpressionTree;
}

/** More than real expressions need, and few enough for the stack. */
const MAX_LENGTH = 4_000;
const MAX_DEPTH = 100;

/** True for a text that contains an expression. */
export function isExpression(text: string): boolean {
  return text.includes("${{");
}

/** Parses one expression, with or without `${{ … }}`, or a text with expressions in it. */
export function parseExpression(text: string): Expression {
  const trimmed = text.trim();
  if (trimmed.length > MAX_LENGTH) return { text: trimmed, tree: null };
  const inner = /^\$\{\{((?:(?!\$\{\{|\}\})[^])*)\}\}$/.exec(trimmed)?.[1] ??
    (isExpression(trimmed) ? undefined : trimmed);
  return { text: trimmed, tree: inner === undefined ? textTree(text) : treeOf(inner) };
}

function textTree(text: string): ExpressionTree | null {
  const parts: ExpressionTree[] = [];
  for (const [index, part] of text.split(/\$\{\{((?:(?!\}\})[^])*)\}\}/).entries()) {
    const tree = index % 2 === 0 ? { type: "literal", value: part } as const : treeOf(part);
    if (tree === null || (index % 2 === 0 && isExpression(part))) return null;
    parts.push(tree);
  }
  return { type: "text", parts };
}

/** What an expression reads that is not in the form, like `org.REGION`. */
export function externalNames({ tree }: Expression): string[] {
  const names = new Set<string>();
  const visit = (part: ExpressionTree): void => {
    if (part.type === "external") names.add(part.name);
    else if (part.type === "text") part.parts.forEach(visit);
    else for (const inner of Object.values(part)) if (isTree(inner)) visit(inner);
  };
  if (tree !== null) visit(tree);
  return [...names];
}

function isTree(part: unknown): part is ExpressionTree {
  return typeof part === "object" && part !== null && "type" in part;
}

const TOKEN =
  /\s*(?:('[^'\\]*'|"[^"\\]*")|(\d+(?:\.\d+)?(?![\w.]))|(!(?:in|includes)(?![\w.-])|[=!]==?|[<>]=?|&&|\|\||\?\?|[-+*\/%!?:()])|(\.?[A-Za-z_][\w-]*(?:\.[\w-]+|\.?\[(?:index|\d+)\])*))/y;

/** An operator, or what stands between operators. */
type Token = string | ExpressionTree;

function tokensOf(text: string): Token[] | undefined {
  const reader = new RegExp(TOKEN);
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  while (reader.lastIndex < end) {
    const match = reader.exec(text);
    if (match === null) return undefined;
    const [, quoted, number, operator, name = ""] = match;
    if (quoted !== undefined) tokens.push({ type: "literal", value: quoted.slice(1, -1) });
    else if (number !== undefined) tokens.push({ type: "literal", value: Number(number) });
    else tokens.push(operator ?? (WORD_OPERATORS.has(name) ? name : named(name)));
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
function treeOf(text: string): ExpressionTree | null {
  const tokens = tokensOf(text);
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
  type Maybe = ExpressionTree | null;

  const choice = (): Maybe => {
    if (depth++ > MAX_DEPTH) return null;
    const test = binary(0);
    depth--;
    if (test === null || !accept("?")) return test;
    const yes = choice();
    const no = accept(":") ? choice() : null;
    return yes === null || no === null ? null : { type: "choose", test, yes, no };
  };
  const binary = (level: number): Maybe => {
    if (level === LEVELS.length) return single();
    let left = binary(level + 1);
    while (left !== null) {
      const operator = operatorIn(LEVELS[level]);
      if (operator === undefined) break;
      const right = binary(level + 1);
      if (right === null) return null;
      left = { type: "operation", operator, left, right };
    }
    return left;
  };
  const single = (): Maybe => {
    const sign = accept("!") ? "not" : accept("-") ? "negative" : undefined;
    if (sign !== undefined) {
      const operand = single();
      return operand === null ? null : { type: sign, operand };
    }
    if (accept("(")) {
      const inner = choice();
      return accept(")") ? inner : null;
    }
    const token = tokens[position++];
    return typeof token === "object" ? token : null;
  };

  const tree = choice();
  return position === tokens.length ? tree : null;
}

const KEYWORDS: ReadonlyMap<string, Json> = new Map([["true", true], ["false", false], ["null", null]]);
const EXTERNAL_ROOTS: ReadonlySet<string> = new Set(["inputs", "org", "needs", "sessions", "app", "env"]);

function named(text: string): ExpressionTree {
  if (text.startsWith(".")) return { type: "attribute", name: text.slice(1) };
  const keyword = KEYWORDS.get(text);
  if (keyword !== undefined) return { type: "literal", value: keyword };
  const [root = "", ...rest] = text.match(/\[index\]|[\w-]+/g) ?? [];
  if (root === "inputs" && rest.length > 0) {
    return { type: "input", reference: rest.map((part) => part === "[index]" ? CURRENT_ROW : part) };
  }
  // The platform reads a bare word as text: `inputs.claim != Existing`.
  const isWord = rest.length === 0 && !EXTERNAL_ROOTS.has(root);
  return isWord ? { type: "literal", value: text } : { type: "external", name: text };
}
