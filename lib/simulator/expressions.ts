/** Evaluates the `${{ … }}` of workflow files, on the syntax tree of a parser that the client does not use. */

import { type Expression, isCoreExpression, parseExpression } from "../deps/jsep.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { HttpError } from "./responses.ts";

/** Variables of an expression, by the first segment of a path. `$` holds the attributes of the field itself. */
export type ExpressionScope = Readonly<JsonObject>;

const EXPRESSION = /\$\{\{(.*?)\}\}/gs;

/** Replaces each expression in the text by its value. */
export function substituteExpressions(text: string, scope: ExpressionScope): string {
  return text.replace(EXPRESSION, (_, expression: string) => textFor(evaluateExpression(expression, scope)));
}

/** Replaces the expressions in a value; a text that is one expression becomes its value, of any type. */
export function resolveExpressions(value: Json, scope: ExpressionScope): Json {
  if (Array.isArray(value)) return value.map((item) => resolveExpressions(item, scope));
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolveExpressions(item, scope)]));
  }
  if (typeof value !== "string") return value;
  const [, expression] = /^\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*$/s.exec(value) ?? [];
  return expression === undefined ? substituteExpressions(value, scope) : evaluateExpression(expression, scope);
}

/** Evaluates a condition of a workflow file: a boolean, a bare expression or one in `${{ … }}`. */
export function evaluateCondition(value: Json | undefined, scope: ExpressionScope): boolean {
  if (typeof value !== "string") return value === true;
  return isTruthy(evaluateExpression(value.replace(EXPRESSION, "($1)"), scope));
}

/** Throws an HttpError (400) if the expression is invalid. */
export function evaluateExpression(expression: string, scope: ExpressionScope): Json {
  try {
    return valueOf(parseExpression(jsepSyntax(expression)), scope);
  } catch {
    throw new HttpError(400, `Expression Parser Error: ${expression.trim()}`, { code: "expression_error" });
  }
}

const TEXT_LITERAL = /'((?:[^']|'')*)'|"((?:[^"]|"")*)"/gs;
const PATH = /[A-Za-z_][\w-]*(?:\.\w[\w-]*|\.?\[\w+\])*/g;

/** Rewrites what the parser reads differently: doubled quotes, `.hidden`, `rows.0`, `rows.[index]`, `-1` and slices. */
function jsepSyntax(expression: string): string {
  const texts: string[] = [];
  const withoutTexts = expression.replace(TEXT_LITERAL, (_, single?: string, double = "") => {
    return `"${texts.push(single?.replaceAll("''", "'") ?? double.replaceAll('""', '"')) - 1}"`;
  });
  return withoutTexts
    .replace(/(?<![\w\])])\.(?=[A-Za-z_])/g, "$.")
    .replace(PATH, (path) => path.replaceAll(".[", "[").replace(/\.(\d+)(?![\w-])/g, "[$1]"))
    .replace(/(?<=^|[^\w)\]])-(?=\d)/g, "- ")
    .replace(/\bget\s+([\w.]+):(\([^)]*\)|[\w.]+)/g, "slice [$1, $2]")
    .replace(/"(\d+)"/g, (_, index) => JSON.stringify(texts[Number(index)]));
}

function valueOf(node: Expression, scope: ExpressionScope): Json {
  if (!isCoreExpression(node)) throw new SyntaxError(`no ${node.type}`);
  switch (node.type) {
    case "Literal":
      return node.value instanceof RegExp ? null : node.value;
    case "Identifier":
      // A bare word is text.
      return Object.hasOwn(scope, node.name) ? scope[node.name] ?? null : node.name;
    case "MemberExpression": {
      const { object, property, computed } = node;
      if (object.type === "Identifier" && !Object.hasOwn(scope, String(object["name"]))) {
        throw new RangeError("no variable");
      }
      const value = member(valueOf(object, scope), computed ? valueOf(property, scope) : String(property["name"]));
      // A variable that the organization does not set is empty text.
      return value === null && object.type === "Identifier" && object["name"] === "org" ? "" : value;
    }
    case "ArrayExpression":
      return node.elements.map((element) => element === null ? null : valueOf(element, scope));
    case "UnaryExpression": {
      const value = valueOf(node.argument, scope);
      return node.operator === "!" ? !isTruthy(value) : numberOrNull(-numeric(value));
    }
    case "ConditionalExpression":
      return valueOf(isTruthy(valueOf(node.test, scope)) ? node.consequent : node.alternate, scope);
    case "BinaryExpression": {
      const operator = OPERATORS[node.operator];
      if (operator === undefined) throw new SyntaxError(`no operator ${node.operator}`);
      return operator(valueOf(node.left, scope), () => valueOf(node.right, scope));
    }
    default:
      throw new SyntaxError(`no ${node.type}`);
  }
}

const OPERATORS: Readonly<Record<string, (left: Json, right: () => Json) => Json>> = {
  "&&": (left, right) => isTruthy(left) ? right() : left,
  "||": (left, right) => isTruthy(left) ? left : right(),
  "??": (left, right) => left ?? right(),
  "==": (left, right) => isEqual(left, right()),
  "===": (left, right) => isEqual(left, right()),
  "!=": (left, right) => !isEqual(left, right()),
  "!==": (left, right) => !isEqual(left, right()),
  "<": (left, right) => compare(left, right()) < 0,
  "<=": (left, right) => compare(left, right()) <= 0,
  ">": (left, right) => compare(left, right()) > 0,
  ">=": (left, right) => compare(left, right()) >= 0,
  "+"(left, right) {
    const other = right();
    return typeof left === "number" && typeof other === "number" ? left + other : textFor(left) + textFor(other);
  },
  "-": (left, right) => numberOrNull(numeric(left) - numeric(right())),
  "*": (left, right) => numberOrNull(numeric(left) * numeric(right())),
  "/": (left, right) => numberOrNull(numeric(left) / numeric(right())),
  "%": (left, right) => numberOrNull(numeric(left) % numeric(right())),
  includes: (left, right) => contains(left, right()),
  "!includes": (left, right) => !contains(left, right()),
  in: (left, right) => contains(right(), left),
  "!in": (left, right) => !contains(right(), left),
  get: (left, right) => member(left, right()),
  slice(left, right) {
    const [start, end] = [right()].flat();
    return Array.isArray(left) ? left.slice(Number(start), Number(end)) : null;
  },
};

function isEqual(left: Json, right: Json): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Negative, zero or positive; `NaN` for values without an order. */
function compare(left: Json, right: Json): number {
  if (typeof left === "string" && typeof right === "string") return left < right ? -1 : Number(left > right);
  return numeric(left) - numeric(right);
}

function contains(whole: Json, part: Json): boolean {
  if (Array.isArray(whole)) return whole.some((item) => isEqual(item, part));
  return typeof whole === "string" && typeof part === "string" && whole.includes(part);
}

/** `null` if the value has no such member. */
function member(value: Json, name: Json): Json {
  if (Array.isArray(value)) return value[Number(name)] ?? null;
  return isObject(value) && Object.hasOwn(value, String(name)) ? value[String(name)] ?? null : null;
}

function numeric(value: Json): number {
  return value === null ? NaN : Number(value);
}

function numberOrNull(value: number): Json {
  return Number.isFinite(value) ? value : null;
}

function textFor(value: Json): string {
  return typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
}

function isTruthy(value: Json): boolean {
  return value !== null && value !== false && value !== "" && value !== 0 && value !== "false";
}
