/**
 * Evaluates expressions as far as it is possible here. What only the platform can evaluate is unknown; the operators have
 * three-valued logic (`false && unknown` is false).
 */

import { isObject, type Json } from "../json.ts";
import type { Expression, ExpressionTree, InputReference, Operation } from "./expression.ts";

/** A value that only the platform knows. */
export const UNKNOWN_VALUE: unique symbol = Symbol("unknown");
export type ExpressionValue = Json | typeof UNKNOWN_VALUE;

/** Resolves the references of an expression. */
export interface ExpressionScope {
  /** The value of `inputs.…`. The reference excludes `inputs`. */
  input(reference: InputReference): ExpressionValue;
  /** The value of an attribute, like `.hidden`, of the field that the expression belongs to. */
  attribute(name: string): ExpressionValue;
  /** Called with the name of each fact that is not known, like `org.REGION`. */
  readonly onUnknown?: ((fact: string) => void) | undefined;
}

export function evaluateExpression({ text, tree }: Expression, scope: ExpressionScope): ExpressionValue {
  if (tree !== null) return valueOf(tree, scope);
  scope.onUnknown?.(text);
  return UNKNOWN_VALUE;
}

/** `undefined` if it is not known whether the value counts as true. */
export function truthOf(value: ExpressionValue): boolean | undefined {
  // The text "false" is true in some languages and false in others; the platform's choice is not known.
  if (value === UNKNOWN_VALUE || value === "false") return undefined;
  return value !== null && value !== false && value !== "" && value !== 0;
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
      scope.onUnknown?.(tree.name);
      return UNKNOWN_VALUE;
    case "not": {
      const truth = truthOf(valueOf(tree.operand, scope));
      return truth === undefined ? UNKNOWN_VALUE : !truth;
    }
    case "negative": {
      const value = valueOf(tree.operand, scope);
      return typeof value === "number" ? -value : UNKNOWN_VALUE;
    }
    case "operation":
      return resultOf(tree, scope);
    case "choose": {
      const truth = truthOf(valueOf(tree.test, scope));
      if (truth !== undefined) return valueOf(truth ? tree.yes : tree.no, scope);
      const yes = valueOf(tree.yes, scope);
      return yes === valueOf(tree.no, scope) ? yes : UNKNOWN_VALUE;
    }
    case "text": {
      const values = tree.parts.map((part) => valueOf(part, scope));
      return values.includes(UNKNOWN_VALUE) ? UNKNOWN_VALUE : values.map(textOf).join("");
    }
  }
}

function resultOf({ operator, left: first, right: second }: Operation, scope: ExpressionScope): ExpressionValue {
  const left = valueOf(first, scope);
  if (operator === "??") return left === null ? valueOf(second, scope) : left;
  if (operator !== "&&" && operator !== "||") {
    const right = valueOf(second, scope);
    if (left === UNKNOWN_VALUE || right === UNKNOWN_VALUE) return UNKNOWN_VALUE;
    return applied(operator, left, right) ?? UNKNOWN_VALUE;
  }
  const decides = operator === "||";
  const truth = truthOf(left);
  if (truth === decides) return left;
  const right = valueOf(second, scope);
  // An unknown left operand does not matter if the right one decides.
  return truth !== undefined || truthOf(right) === decides ? right : UNKNOWN_VALUE;
}

function textOf(value: ExpressionValue): string {
  return typeof value === "string" ? value : value === null || value === UNKNOWN_VALUE ? "" : JSON.stringify(value);
}

/** `!in` is the opposite of `in`, and `!=` of `==`. */
function applied(operator: string, left: Json, right: Json): ExpressionValue {
  if (operator.startsWith("!")) {
    const opposite = operator.startsWith("!=") ? operator.replace("!", "=") : operator.slice(1);
    const value = applied(opposite, left, right);
    return typeof value === "boolean" ? !value : UNKNOWN_VALUE;
  }
  switch (operator) {
    case "==":
      return isSame(left, right);
    case "===":
      return typeof left === typeof right ? isSame(left, right) : false;
    case "includes":
      return includes(left, right);
    case "in":
      return includes(right, left);
    case "get":
      return memberOf(left, right);
  }
  if (operator === "+" && typeof left === "string" && typeof right === "string") return left + right;
  if (typeof left !== "number" || typeof right !== "number") return UNKNOWN_VALUE;
  const value = ON_NUMBERS.get(operator)?.(left, right);
  return value === undefined || (typeof value === "number" && !Number.isFinite(value)) ? UNKNOWN_VALUE : value;
}

const ON_NUMBERS = new Map<string, (left: number, right: number) => number | boolean>([
  ["<", (left, right) => left < right],
  ["<=", (left, right) => left <= right],
  [">", (left, right) => left > right],
  [">=", (left, right) => left >= right],
  ["+", (left, right) => left + right],
  ["-", (left, right) => left - right],
  ["*", (left, right) => left * right],
  ["/", (left, right) => left / right],
  ["%", (left, right) => left % right],
]);

/**
 * Unknown for values of different types that are equal only if the platform converts them. What is absent equals nothing
 * else: to the platform, a boolean that was not sent is not `== false`.
 */
function isSame(left: Json, right: Json): ExpressionValue {
  if (left === null || right === null) return left === right;
  if (typeof left === "object" || typeof right === "object") return UNKNOWN_VALUE;
  if (typeof left === typeof right) return left === right;
  return String(left) === String(right) || Number(left) === Number(right) ? UNKNOWN_VALUE : false;
}

function includes(whole: Json, part: Json): ExpressionValue {
  if (typeof whole === "string" && typeof part === "string") return whole.includes(part);
  return Array.isArray(whole) && typeof part !== "object" ? whole.includes(part) : UNKNOWN_VALUE;
}

function memberOf(whole: Json, name: Json): ExpressionValue {
  if (Array.isArray(whole)) return whole[Number(name)] ?? null;
  return isObject(whole) && Object.hasOwn(whole, String(name)) ? whole[String(name)] ?? null : UNKNOWN_VALUE;
}
