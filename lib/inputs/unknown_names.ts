/** Collects names that the form does not have, and suggests similar fields. */

import { didYouMean } from "../did_you_mean.ts";
import { type Form, type FormFields, walkFields } from "./form.ts";
import { formatPath, type InputPath, parsePath } from "../json.ts";

export interface UnknownName {
  readonly path: InputPath;
  /** The fields that the form has here. */
  readonly siblings: FormFields;
}

/** Suggestions take time: more of them do not help. */
const MAX_SUGGESTIONS = 50;

/** One message for the same name in many rows, with a suggestion if there is a similar field. */
export function describeUnknown(names: readonly UnknownName[], form: Form): { path: InputPath; message: string }[] {
  const fieldPaths = fieldPathsOf(form);
  const groups = Map.groupBy(
    names,
    ({ path }) => formatPath(path.map((segment) => typeof segment === "number" ? 0 : segment)),
  );
  return [...groups.values()].flatMap(([first, ...others], index) => {
    if (first === undefined) return [];
    const hint = index < MAX_SUGGESTIONS ? suggestion(first, fieldPaths) : undefined;
    const occurrences = others.length === 0 ? "" : ` (in ${others.length + 1} rows)`;
    return [{ path: first.path, message: `unknown field${occurrences}${hint === undefined ? "" : `: ${hint}`}` }];
  });
}

function suggestion({ path, siblings }: UnknownName, fieldPaths: ReadonlyMap<string, string>): string | undefined {
  const name = String(path.at(-1));
  const fieldPath = fieldPaths.get(name);
  if (fieldPath !== undefined) return `did you mean ${JSON.stringify(fieldPath)}?`;
  // In a document, dots do not separate names.
  const parts = [...path.slice(0, -1), ...parsePath(name) ?? []];
  if (parts.length > path.length && fieldPaths.get(String(parts.at(-1))) === formatPath(parts)) {
    return `did you mean ${parts.reduceRight((inner, part) => `{ ${part}: ${inner} }`, "…")}?`;
  }
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

/** Members of payloads that the web form once recorded: the platform accepts and ignores them. */
export const LEGACY_NAMES: ReadonlySet<string> = new Set(["v3", "__config__"]);
