/** Names that a form does not know, and what may have been meant. Pure. */

import { didYouMean } from "../did_you_mean.ts";
import type { Fields, Form } from "./form.ts";
import { formatPath, type Path } from "./path.ts";

/** Unknown names as they are come upon: the same one in a thousand rows is one mistake. */
export interface UnknownNames {
  /** By path without row numbers. */
  readonly unknownKeys: Map<string, UnknownKey>;
  /** Where older payloads have their mark, a member called `v3`. */
  readonly marks: Path[];
}

interface UnknownKey {
  readonly path: Path;
  /** What is asked for in its place. */
  readonly siblings: Fields;
  count: number;
}

/** Remembers a name that the form does not know. */
export function addUnknown(names: UnknownNames, path: Path, siblings: Fields): void {
  if (path.at(-1) === "v3") {
    names.marks.push([...path]);
    return;
  }
  const key = formatPath(path.map((segment) => typeof segment === "number" ? 0 : segment));
  const unknownKey = names.unknownKeys.get(key);
  if (unknownKey === undefined) names.unknownKeys.set(key, { path: [...path], siblings, count: 1 });
  else unknownKey.count++;
}

/** Beyond these, suggestions would cost more than they help. */
const MAX_SUGGESTIONS = 50;

/** Words for each, with a suggestion where there is one. */
export function describeUnknown({ unknownKeys, marks }: UnknownNames, form: Form): { path: Path; message: string }[] {
  const places = unknownKeys.size === 0 ? new Map<string, string>() : placesOf(form.fields);
  const described = [...unknownKeys.values()].map(({ path, siblings, count }, index) => {
    const hint = index < MAX_SUGGESTIONS ? suggestion(path, siblings, places) : undefined;
    const often = count === 1 ? "" : ` (in ${count} rows)`;
    return { path, message: `is not asked for by this workflow${often}${hint === undefined ? "" : `: ${hint}`}` };
  });
  const [mark] = marks.toSorted((a, b) => a.length - b.length);
  if (mark === undefined) return described;
  const often = marks.length === 1 ? "" : ` (in ${marks.length} places)`;
  return [...described, { path: mark, message: `is a mark of older payloads${often}: the platform lets it pass` }];
}

function suggestion(path: Path, siblings: Fields, places: ReadonlyMap<string, string>): string | undefined {
  const name = String(path.at(-1));
  const place = places.get(name);
  if (place !== undefined) return `did you mean ${JSON.stringify(place)}?`;
  const known = [...siblings].flatMap(([sibling, { kind }]) => kind === "header" ? [] : [sibling]);
  return didYouMean(name, known)?.replace(/^D/, "d");
}

/** Where else a name is asked for: somebody may have forgotten the group. */
function placesOf(fields: Fields): Map<string, string> {
  const places = new Map<string, string>();
  const collect = (inner: Fields, path: Path) => {
    for (const [name, field] of inner) {
      const here = [...path, name];
      if (field.kind !== "header" && !places.has(name)) places.set(name, formatPath(here));
      if (field.kind === "group") collect(field.fields, here);
    }
  };
  collect(fields, []);
  return places;
}
