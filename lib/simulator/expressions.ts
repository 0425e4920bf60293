/** The subset of `${{ … }}` that the simulated workflows use: paths, literals, `!`, `==`, `!=`, `&&`, `||` and `? :`. */

import { isObject, type Json, type JsonObject } from "../json.ts";
import { HttpError } from "./responses.ts";

/** Variables of an expression, by the first segment of a path. */
export type ExpressionScope = Readonly<JsonObject>;

const EXPRESSION = /\$\{\{(.*?)\}\}/gs;

/** Replaces each expression in the text by its value. */
export function substituteExpressions(text: string, scope: ExpressionScope): string {
  return text.replace(EXPRESSION, (_, expression: string) => {
    const value = evaluateExpression(expression, scope);
    return typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
  });
}

/** Evaluates a condition of a workflow file: a boolean, a bare expression or one in `${{ … }}`. */
export function evaluateCondition(value: Json | undefined, scope: ExpressionScope): boolean {
  if (typeof value !== "string") return value === true;
  return isTruthy(evaluateExpression(value.replace(EXPRESSION, "$1"), scope));
}

/** Throws an HttpError (400) if the expression is invalid. */
export function evaluateExpression(expression: string, scope: ExpressionScope): Json {
  const tokens = expression.match(/'[^']*'|"[^"]*"|&&|\|\||==|!=|[!?:()]|[\w.$-]+|\S/g) ?? [];
  let position = 0;
  const parserError = () =>
    new HttpError(400, `Expression Parser Error: ${expression.trim()}`, { code: "expression_error" });
  const accept = (token: string) => tokens[position] === token && ++position > 0;

  const ternary = (): Json => {
    const test = or();
    if (!accept("?")) return test;
    const whenTrue = ternary();
    if (!accept(":")) throw parserError();
    const whenFalse = ternary();
    return isTruthy(test) ? whenTrue : whenFalse;
  };
  const or = (): Json => {
    let value = and();
    while (accept("||")) {
      const right = and();
      value = isTruthy(value) ? value : right;
    }
    return value;
  };
  const and = (): Json => {
    let value = comparison();
    while (accept("&&")) {
      const right = comparison();
      value = isTruthy(value) ? right : value;
    }
    return value;
  };
  const comparison = (): Json => {
    const left = unary();
    if (accept("==")) return JSON.stringify(left) === JSON.stringify(unary());
    if (accept("!=")) return JSON.stringify(left) !== JSON.stringify(unary());
    return left;
  };
  const unary = (): Json => {
    if (accept("!")) return !isTruthy(unary());
    if (accept("(")) {
      const value = ternary();
      if (!accept(")")) throw parserError();
      return value;
    }
    const token = tokens[position++];
    if (token === undefined) throw parserError();
    if (/^['"]/.test(token) && token.length > 1) return token.slice(1, -1);
    if (/^-?\d+(\.\d+)?$/.test(token)) return Number(token);
    if (token === "true" || token === "false") return token === "true";
    const [root = "", ...path] = token.split(".");
    if (!/^[\w-]+$/.test(root) || !Object.hasOwn(scope, root)) throw parserError();
    return path.reduce<Json>(member, scope[root] ?? null);
  };

  const value = ternary();
  if (position < tokens.length) throw parserError();
  return value;
}

function member(value: Json, name: string): Json {
  if (Array.isArray(value)) return value[Number(name)] ?? null;
  return isObject(value) && Object.hasOwn(value, name) ? value[name] ?? null : null;
}

function isTruthy(value: Json): boolean {
  return value !== null && value !== false && value !== "" && value !== 0 && value !== "false";
}
