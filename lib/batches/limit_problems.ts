import type { Problem } from "../problem.ts";

/** More of the same kind are counted, so that problems of another kind are not buried. */
const MAX_OF_KIND = 10;

/** Lists equal problems once, and at most ten of the same kind: the same problem in many rows of one file. */
export function limitProblems(problems: readonly Problem[]): readonly Problem[] {
  const unique = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  const counts = new Map<string, { readonly first: Problem; count: number }>();
  const listed = [...unique.values()].filter((problem) => {
    const name = kindOf(problem);
    const kind = counts.get(name) ?? { first: problem, count: 0 };
    kind.count++;
    counts.set(name, kind);
    return kind.count <= MAX_OF_KIND;
  });
  const others = [...counts.values()].flatMap(({ first, count }) => {
    const more = `and ${(count - MAX_OF_KIND).toLocaleString("en-US")} more: ${textOf(first)}`;
    return count <= MAX_OF_KIND
      ? []
      : [{ origin: fileOf(first), path: first.path.replaceAll(/\[\d+\]/g, "[]"), message: more }];
  });
  return [...listed, ...others];
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
