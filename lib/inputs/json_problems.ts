/** What is wrong with a JSON text that can be parsed: names that an object has twice, and numbers that would change. */

import type { Json } from "../json.ts";
import type { Problem } from "../problem.ts";
import { duplicatesInJson } from "./duplicate_names.ts";
import { inexactInJson } from "./exact_numbers.ts";

/** @param value What the text was parsed to. */
export async function problemsInJson(text: string, value: Json, origin: string): Promise<readonly Problem[]> {
  return [...await duplicatesInJson(text, value, origin), ...await inexactInJson(text, origin)];
}

/** The first problem of a JSON text that is the value of one input; `undefined` if there is none. */
export async function problemInJsonValue(
  text: string,
  value: Json,
  { origin, path }: Pick<Problem, "origin" | "path">,
): Promise<Problem | undefined> {
  const [duplicate] = await duplicatesInJson(text, value, origin);
  if (duplicate !== undefined) {
    return { ...duplicate, origin, path: `${path}${duplicate.path.startsWith("[") ? "" : "."}${duplicate.path}` };
  }
  const [inexact] = await inexactInJson(text, origin);
  return inexact === undefined ? undefined : { ...inexact, origin, path };
}
