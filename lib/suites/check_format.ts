/** The problems of a document that does not have the format of a suite: each with its path and what to write. */

import { type FormatIssue, type FormatRawIssue, type FormatSchema, safeParse } from "../deps/zod.ts";
import { didYouMean, didYouMeanOrKnown, orList } from "../did_you_mean.ts";
import { type InputPath, isObject, type Json, valueAt } from "../json.ts";
import { isSecretName } from "../inputs/secrets.ts";
import type { Problem } from "../problem.ts";
import { shortened } from "../text.ts";
import type { SourceFile } from "./source.ts";
import { OPERATOR, withoutOperator } from "./syntax.ts";

/** @returns All problems of the text and of its format; without a value if there is one. */
export function checkFormat<T>(
  schema: FormatSchema & { readonly _zod: { readonly output: T } },
  source: SourceFile,
): { readonly value: T | undefined; readonly problems: readonly Problem[] } {
  const { data, error } = safeParse(schema, source.value, { error: knownNames });
  const problems = [...source.problems, ...error?.issues.flatMap((issue) => problemsOf(issue, [], source)) ?? []];
  return { value: problems.length > 0 ? undefined : data, problems };
}

/** Stated as the message, because the schema of a mapping is known only until then. */
function knownNames({ code, inst }: FormatRawIssue): string | undefined {
  if (code !== "unrecognized_keys" || inst === undefined) return undefined;
  const { def } = inst._zod;
  return Object.keys("shape" in def ? Object(def.shape) : {}).join();
}

function problemsOf(issue: FormatIssue, base: InputPath, source: SourceFile): Problem[] {
  const path = [...base, ...issue.path.map((part) => typeof part === "number" ? part : String(part))];
  if (source.isBroken(path)) return [];
  const value = valueAt(source.value, path);
  const problem = (message: string) => [source.problem(path, message)];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.filter((key) => !source.isBroken([...path, key])).map((key) => {
        const advice = didYouMeanOrKnown(key, issue.message.split(","));
        return source.problem([...path, key], `unknown field. ${advice}`, "key");
      });
    case "invalid_union": {
      const branch = nearestBranch(issue.errors);
      if (branch !== undefined) return branch.flatMap((inner) => problemsOf(inner, path, source));
      const expected = [...new Set(issue.errors.flatMap((branch) => branch.flatMap(expectedOf)))];
      return problem(mustBe(expected, value, path));
    }
    case "invalid_type":
    case "invalid_value": {
      if (value === undefined) return problem("is missing");
      const isOwnMessage = issue.message.startsWith("must ");
      return problem(
        isOwnMessage ? `${issue.message}: got ${shown(value, path)}` : mustBe(expectedOf(issue), value, path),
      );
    }
    case "invalid_format":
      return problem(operatorProblem(value, path) ?? `${issue.message}: got ${shown(value, path)}`);
    case "too_small":
    case "too_big": {
      const isCount = issue.origin === "string" || issue.origin === "array";
      if (isCount && issue.code === "too_small") return problem("must not be empty");
      const [word, limit] = issue.code === "too_small" ? ["least", issue.minimum] : ["most", issue.maximum];
      return problem(`must be at ${word} ${limit}: got ${shown(value, path)}`);
    }
    default:
      return problem(issue.message);
  }
}

/** The issues of the alternative that the value was meant to be; `undefined` if it is none of them. */
function nearestBranch(branches: readonly (readonly FormatIssue[])[]): readonly FormatIssue[] | undefined {
  const near = branches.filter((issues) =>
    issues.every(({ path, code }) => path.length > 0 || (code !== "invalid_type" && code !== "invalid_value"))
  );
  const rank = (issues: readonly FormatIssue[]) =>
    issues.length + 100 * issues.filter(({ code }) => code === "unrecognized_keys").length;
  return near.toSorted((a, b) => rank(a) - rank(b))[0];
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "a mapping",
  record: "a mapping",
  string: "text",
};

function expectedOf(issue: FormatIssue): readonly string[] {
  if (issue.code === "invalid_type") return [TYPE_NAMES[issue.expected] ?? issue.expected];
  if (issue.code === "invalid_value") return issue.values.map((value) => String(value));
  return [];
}

function mustBe(expected: readonly string[], value: Json | undefined, path: InputPath): string {
  const wantsText = expected.includes("text") && (typeof value === "number" || typeof value === "boolean");
  const operator = expected.includes("text") ? undefined : operatorProblem(value, path);
  if (operator !== undefined) return operator;
  const suggestion = typeof value === "string" ? didYouMean(value, expected) : undefined;
  const advice = wantsText ? ", put it in quotes" : suggestion === undefined ? "" : `. ${suggestion}`;
  return `must be ${orList(expected) || "something else"}: got ${shown(value, path)}${advice}`;
}

function operatorProblem(value: Json | undefined, path: InputPath): string | undefined {
  if (typeof value !== "string" || !OPERATOR.test(value)) return undefined;
  return withoutOperator(value, ["min", "max", "timeout", "queue-timeout"].includes(String(path.at(-1))));
}

function shown(value: Json | undefined, path: InputPath): string {
  if (path.some((part) => isSecretName(String(part)))) return "a value that is not shown";
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "a mapping";
  return shortened(JSON.stringify(value), 60);
}
