import type { Problem } from "../problem.ts";

/** More of the same kind are counted, so that problems of another kind are not buried. */
const MAX_OF_KIND = 10;

/** Lists equal problems once, and at most ten of the same kind: the same problem in many rows of one file. */
export function limitProblems(problems: readonly Problem[]): readonly Problem[] {
  const unique = [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
  const kinds = [...Map.groupBy(unique, kindOf).values()];
  const others = new Set(kinds.flatMap((ofKind) => ofKind.slice(MAX_OF_KIND)));
  const counts = kinds.flatMap(([first, ...rest]): readonly Problem[] => {
    const count = rest.length + 1 - MAX_OF_KIND;
    if (first === undefined || count <= 0) return [];
    const message = `and ${count.toLocaleString("en-US")} more: ${textOf(first)}`;
    return [{ origin: fileOf(first), path: first.path.replaceAll(/\[\d+\]/g, "[]"), message }];
  });
  return [...unique.filter((problem) => !others.has(problem)), ...counts];
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
