/** Names that a JSON object has twice: one of the values would be ignored. YAML's parser refuses them itself. */

import { type Json } from "../json.ts";
import type { Problem } from "../problem.ts";
import { formatPath } from "./path.ts";

const MAX_PROBLEMS = 10;

/** @param value What the text was parsed to. */
export async function duplicatesInJson(text: string, value: Json, origin: string): Promise<Problem[]> {
  // The parser that knows positions is loaded only if a name may be there twice, or a text looks like one.
  if ((text.match(/"\s*:/g) ?? []).length === countNames(value)) return [];
  const { visit } = await import("../deps/jsonc.ts");
  const problems: Problem[] = [];
  const objects: Set<string>[] = [];
  visit(text, {
    onObjectBegin: () => void objects.push(new Set()),
    onObjectProperty(name, _offset, _length, line, _column, pathOf) {
      const names = objects.at(-1);
      if (names?.has(name) && problems.length < MAX_PROBLEMS) {
        problems.push({
          origin: `${origin}:${line + 1}`,
          path: formatPath([...pathOf(), name]),
          message: "is given twice",
        });
      }
      names?.add(name);
    },
    onObjectEnd: () => void objects.pop(),
  }, { allowTrailingComma: true });
  return problems;
}

/** Not recursive: the value may be nested more deeply than inputs may be. */
function countNames(value: Json): number {
  let count = 0;
  const left: Json[] = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next !== "object" || next === null) continue;
    const members = Object.values(next);
    if (!Array.isArray(next)) count += members.length;
    for (const member of members) left.push(member);
  }
  return count;
}
