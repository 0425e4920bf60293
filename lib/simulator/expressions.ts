/** As much of `${{ … }}` as this world's workflows use: paths, literals, `!`, `==`, `!=`, `&&`, `||` and `? :`. */

import type { Json, JsonObject } from "../json.ts";
import { Refusal } from "./answers.ts";
import { isObject } from "./shape.ts";

/** What an expression may name: its first word picks one of these. */
export type Scope = Readonly<JsonObject>;

const EXPRESSION = /\$\{\{(.*?)\}\}/gs;

/** Puts values in the place of the expressions. */
export function substitute(text: string, scope: Scope): string {
  return text.replace(EXPRESSION, (_, expression: string) => {
    const value = evaluate(expression, scope);
    return typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
  });
}

/** A condition as the workflow file spells it: a boolean, a bare expression or one in `${{ … }}`. */
export function condition(value: Json | undefined, scope: Scope): boolean {
  if (typeof value !== "string") return value === true;
  return isTrue(evaluate(value.replace(EXPRESSION, "$1"), scope));
}

/** Throws a Refusal of 400 when it can't be read. */
export function evaluate(expression: string, scope: Scope): Json {
  const tokens = expression.match(/'[^']*'|"[^"]*"|&&|\|\||==|!=|[!?:()]|[\w.$-]+|\S/g) ?? [];
  let at = 0;
  const refuse = () => new Refusal(400, `Expression Parser Error: ${expression.trim()}`, { code: "expression_error" });
  const accept = (token: string) => tokens[at] === token && ++at > 0;

  const choice = (): Json => {
    const test = either();
    if (!accept("?")) return test;
    const yes = choice();
    if (!accept(":")) throw refuse();
    const no = choice();
    return isTrue(test) ? yes : no;
  };
  const either = (): Json => {
    let value = both();
    while (accept("||")) {
      const right = both();
      value = isTrue(value) ? value : right;
    }
    return value;
  };
  const both = (): Json => {
    let value = comparison();
    while (accept("&&")) {
      const right = comparison();
      value = isTrue(value) ? right : value;
    }
    return value;
  };
  const comparison = (): Json => {
    const left = single();
    if (accept("==")) return JSON.stringify(left) === JSON.stringify(single());
    if (accept("!=")) return JSON.stringify(left) !== JSON.stringify(single());
    return left;
  };
  const single = (): Json => {
    if (accept("!")) return !isTrue(single());
    if (accept("(")) {
      const value = choice();
      if (!accept(")")) throw refuse();
      return value;
    }
    const token = tokens[at++];
    if (token === undefined) throw refuse();
    if (/^['"]/.test(token) && token.length > 1) return token.slice(1, -1);
    if (/^-?\d+(\.\d+)?$/.test(token)) return Number(token);
    if (token === "true" || token === "false") return token === "true";
    const [root = "", ...path] = token.split(".");
    if (!/^[\w-]+$/.test(root) || !Object.hasOwn(scope, root)) throw refuse();
    return path.reduce<Json>(member, scope[root] ?? null);
  };

  const value = choice();
  if (at < tokens.length) throw refuse();
  return value;
}

function member(value: Json, name: string): Json {
  if (Array.isArray(value)) return value[Number(name)] ?? null;
  return isObject(value) && Object.hasOwn(value, name) ? value[name] ?? null : null;
}

function isTrue(value: Json): boolean {
  return value !== null && value !== false && value !== "" && value !== 0 && value !== "false";
}
