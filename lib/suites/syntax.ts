/** What YAML makes of operators, tags and escapes, and what to write instead. */

import type { YamlNode } from "../deps/yaml.ts";
import type { InputPath } from "../json.ts";

export interface SyntaxProblem {
  /** Offsets in the text. */
  readonly start: number;
  readonly end: number;
  /** Empty if it is not known. */
  readonly path: InputPath;
  readonly message: string;
  /** The start of the node whose value it makes meaningless, if that is not where the problem is. */
  readonly breaksNodeAt?: number;
}

interface YamlError {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

/** One problem for each mistake: the parser may report several errors of one. */
export function syntaxProblems(text: string, errors: readonly YamlError[]): readonly SyntaxProblem[] {
  const problems = errors.map((error) => problemOf(text, error));
  return problems.filter(({ start }, index) => problems.findIndex((other) => other.start === start) === index);
}

function problemOf(text: string, { code, message, pos: [start, end] }: YamlError): SyntaxProblem {
  const until = (end: number, message: string) => ({ start, end, path: [], message });
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const line = text.slice(lineStart).split("\n")[0]?.replace(/\r$/, "") ?? "";
  switch (code) {
    case "UNEXPECTED_TOKEN": {
      const block = /(?:^|[:\-?] +)([>|].*)$/.exec(line);
      if (block?.[1] === undefined) break;
      const blockStart = lineStart + line.length - block[1].length;
      const isLimit = /(?:^|[{, ])(min|max|timeout|queue-timeout) *: *[>|]/.test(line);
      const problem = until(lineStart + line.length, withoutOperator(block[1], isLimit));
      return { ...problem, start: blockStart, breaksNodeAt: blockStart };
    }
    case "BAD_SCALAR_START": {
      const scalar = /^[^,}\]\n]*/.exec(text.slice(start))?.[0].trimEnd() ?? "";
      const isLimit = /(?:^|[{, ])(min|max|timeout|queue-timeout) *: *$/.test(text.slice(lineStart, start));
      const message = /^[<>=|]/.test(scalar)
        ? withoutOperator(scalar, isLimit)
        : `a text cannot begin with ${scalar.charAt(0)}: put it in quotes`;
      return until(start + Math.max(1, scalar.length), message);
    }
    case "BAD_DQ_ESCAPE":
      return until(start + 2, `${text.slice(start, start + 2)} is no escape in double quotes: use single quotes`);
    case "DUPLICATE_KEY":
      return until(start + (/^[^\s:]*/.exec(text.slice(start))?.[0].length ?? 1), "is there twice");
    case "TAB_AS_INDENT":
      return until(end, "a line cannot be indented with tabs: use spaces");
    case "MULTIPLE_DOCS":
      return until(end, "only one document is allowed: remove ---");
    case "BLOCK_AS_IMPLICIT_KEY": {
      const problem = until(lineStart + line.length, "a text with a colon and a space must be in quotes");
      return { ...problem, breaksNodeAt: start };
    }
  }
  return until(end, `is not YAML: ${message.split("\n")[0]}`);
}

/** A comparison that is written as an operator. */
export const OPERATOR = /^(>=?|<=?|!=|==?|=~|~)\s*(.*)$/;

const KEY_OF_OPERATOR: Readonly<Record<string, string>> = {
  ">": "min",
  ">=": "min",
  "<": "max",
  "<=": "max",
  "!=": "not",
  "=": "equals",
  "==": "equals",
  "=~": "matches",
  "~": "matches",
};

/** @param isAlone True where only a value is allowed, no comparison. */
export function withoutOperator(text: string, isAlone: boolean): string {
  const [, operator, operand = ""] = OPERATOR.exec(text) ?? [];
  if (operator === undefined) return `a text cannot begin with ${text.charAt(0)} here: put it in quotes`;
  if (isAlone) return `operators are not supported: write ${operand} alone`;
  return `operators are not supported: write { ${KEY_OF_OPERATOR[operator]}: ${operand} }`;
}

/** Of the tag that is written before the value of a node, if there is one. */
export function tagProblem(text: string, { tag, range }: YamlNode, path: InputPath): SyntaxProblem | undefined {
  const valueStart = range?.[0];
  if (tag === undefined || valueStart === undefined) return undefined;
  const before = /![^\s,[\]{}]*\s*$/.exec(text.slice(Math.max(0, valueStart - 200), valueStart))?.[0] ?? "";
  const start = valueStart - before.length;
  const [written] = /^![^\s,[\]{}]*/.exec(text.slice(start)) ?? [];
  if (written === undefined) return undefined;
  const operand = written === "!="
    ? /^!=[^\S\n]*([^\s,}\]#]*)/.exec(text.slice(start))?.[1] ?? ""
    : written.replace(/^!+/, "");
  const instead = written.startsWith("!!")
    ? "remove it, or put the value in quotes"
    : `write { not: ${operand} }, or put the text in quotes`;
  const message = `${written} is a YAML tag, which changes the value: ${instead}`;
  return { start, end: start + written.length, path, message };
}
