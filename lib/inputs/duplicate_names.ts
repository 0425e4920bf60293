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

function countNames(value: Json): number {
  if (typeof value !== "object" || value === null) return 0;
  const members = Object.values(value);
  return members.reduce(
    (count: number, member) => count + countNames(member),
    Array.isArray(value) ? 0 : members.length,
  );
}
