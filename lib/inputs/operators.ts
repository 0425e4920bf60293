/**
 * The operators of expressions, as far as their values are known here. What only the platform can evaluate is unknown; the
 * operators have three-valued logic (`false && unknown` is false).
 */

import { isObject, type Json } from "../json.ts";

/** A value that only the platform knows. */
export const UNKNOWN_VALUE: unique symbol = Symbol("unknown");
export type ExpressionValue = Json | typeof UNKNOWN_VALUE;

/** `undefined` if it is not known whether the value counts as true. */
export function truthOf(value: ExpressionValue): boolean | undefined {
  // The text "false" is true in some languages and false in others; the platform's choice is not known.
  if (value === UNKNOWN_VALUE || value === "false") return undefined;
  return value !== null && value !== false && value !== "" && value !== 0;
}

export function not(value: ExpressionValue): ExpressionValue {
  const truth = truthOf(value);
  return truth === undefined ? UNKNOWN_VALUE : !truth;
}

export function negative(value: ExpressionValue): ExpressionValue {
  return typeof value === "number" ? -value : UNKNOWN_VALUE;
}

/** `test ? yes : no`. */
export function choose(
  test: ExpressionValue,
  yes: () => ExpressionValue,
  no: () => ExpressionValue,
): ExpressionValue {
  const truth = truthOf(test);
  if (truth !== undefined) return truth ? yes() : no();
  const value = yes();
  return value === no() ? value : UNKNOWN_VALUE;
}

/** Text with expressions in it. */
export function joined(values: readonly ExpressionValue[]): ExpressionValue {
  return values.includes(UNKNOWN_VALUE) ? UNKNOWN_VALUE : values.map(textOf).join("");
}

/** @param other The right operand, which is evaluated only where it matters. */
export function operate(operator: string, left: ExpressionValue, other: () => ExpressionValue): ExpressionValue {
  if (operator === "??") return left === null ? other() : left;
  if (operator !== "&&" && operator !== "||") {
    const right = other();
    if (left === UNKNOWN_VALUE || right === UNKNOWN_VALUE) return UNKNOWN_VALUE;
    return applied(operator, left, right) ?? UNKNOWN_VALUE;
  }
  const decides = operator === "||";
  const truth = truthOf(left);
  if (truth === decides) return left;
  const right = other();
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
