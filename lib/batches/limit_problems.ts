import { firstOfKinds, type Problem } from "../problem.ts";

/** Lists equal problems once, and at most ten of the same kind: the same problem in many rows of one file. */
export function limitProblems(problems: readonly Problem[]): readonly Problem[] {
  const unique = [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
  return firstOfKinds(unique, kindOf, (first, count): Problem => ({
    origin: fileOf(first),
    path: first.path.replaceAll(/\[\d+\]/g, "[]"),
    message: `and ${count} more: ${textOf(first)}`,
  }));
}

/** Without the line, the row and the value. */
function kindOf(problem: Problem): string {
  const text = textOf(problem).replaceAll(/"[^"]*"|\d+/g, "");
  return JSON.stringify([fileOf(problem), problem.path.replaceAll(/\[\d+\]/g, "[]"), text]);
}

function textOf({ message }: Problem): string {
  return message.replace(/ \(rows? [^)]*\)$/, "").replace(/: got .*$/s, "");
}

function fileOf({ origin }: Pick<Problem, "origin">): string {
  return origin.replace(/:\d+(?: .*)?$/s, "");
}
