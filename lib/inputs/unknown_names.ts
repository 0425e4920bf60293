/** Collects names that the form does not have, and suggests similar fields. */

import { didYouMean } from "../did_you_mean.ts";
import type { Form, FormFields } from "./form.ts";
import { formatPath, type InputPath } from "../json.ts";
import { walkFields } from "./walk_fields.ts";

/** By path, with 0 as the index of every row: the same name in many rows is one problem. */
export type UnknownNames = Map<string, UnknownKey>;

interface UnknownKey {
  readonly path: InputPath;
  /** The fields that the form has here. */
  readonly siblings: FormFields;
  count: number;
}

export function addUnknown(names: UnknownNames, path: InputPath, siblings: FormFields): void {
  const key = formatPath(path.map((segment) => typeof segment === "number" ? 0 : segment));
  const unknownKey = names.get(key);
  if (unknownKey === undefined) names.set(key, { path: [...path], siblings, count: 1 });
  else unknownKey.count++;
}

/** Suggestions take time: more of them do not help. */
const MAX_SUGGESTIONS = 50;

/** One message for each name, with a suggestion if there is a similar field. */
export function describeUnknown(names: UnknownNames, form: Form): { path: InputPath; message: string }[] {
  const fieldPaths = fieldPathsOf(form);
  return [...names.values()].map(({ path, siblings, count }, index) => {
    const hint = index < MAX_SUGGESTIONS ? suggestion(path, siblings, fieldPaths) : undefined;
    const occurrences = count === 1 ? "" : ` (in ${count} rows)`;
    return { path, message: `unknown field${occurrences}${hint === undefined ? "" : `: ${hint}`}` };
  });
}

function suggestion(
  path: InputPath,
  siblings: FormFields,
  fieldPaths: ReadonlyMap<string, string>,
): string | undefined {
  const name = String(path.at(-1));
  const fieldPath = fieldPaths.get(name);
  if (fieldPath !== undefined) return `did you mean ${JSON.stringify(fieldPath)}?`;
  const names = [...siblings].flatMap(([sibling, { kind }]) => kind === "header" ? [] : [sibling]);
  return didYouMean(name, names)?.replace(/^D/, "d");
}

/** Path of each field by its name, because users often omit the group. */
function fieldPathsOf(form: Form): Map<string, string> {
  const paths = new Map<string, string>();
  walkFields({ form, inputs: {}, rows: [], clusters: null }, ({ field, path }) => {
    const name = String(path.at(-1));
    if (field.kind !== "header" && !paths.has(name)) paths.set(name, formatPath(path));
    return true;
  });
  return paths;
}
