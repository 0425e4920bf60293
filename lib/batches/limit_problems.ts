import type { Problem } from "../problem.ts";

/** More of the same kind are counted, so that problems of another kind are not buried. */
const MAX_OF_KIND = 10;

/** Lists equal problems once, and at most ten of the same kind: the same problem in many rows of one file. */
export function limitProblems(problems: readonly Problem[]): readonly Problem[] {
  const unique = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...Map.groupBy(unique.values(), kindOf).values()].flatMap((kind) => {
    const [first] = kind;
    const count = kind.length - MAX_OF_KIND;
    if (first === undefined || count <= 0) return kind;
    const message = `and ${count.toLocaleString("en-US")} more like these`;
    return [...kind.slice(0, MAX_OF_KIND), { origin: fileOf(first), path: "", message }];
  });
}

/** Without the line, the row and the value. */
function kindOf({ origin, path, message }: Problem): string {
  const text = message.replace(/ \(rows? [^)]*\)$/, "").replace(/: got .*$/s, "").replaceAll(/"[^"]*"|\d+/g, "");
  return JSON.stringify([fileOf({ origin }), path.replaceAll(/\[\d+\]/g, "[]"), text]);
}

function fileOf({ origin }: Pick<Problem, "origin">): string {
  return origin.replace(/:\d+(?: .*)?$/s, "");
}
