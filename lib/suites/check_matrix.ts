import { didYouMeanOrKnown } from "../did_you_mean.ts";
import type { Json, JsonObject } from "../json.ts";
import { isObject } from "../json.ts";
import { listOf, objectOf, type Report } from "./document.ts";
import type { SourcePath } from "./source.ts";

const MAX_COMBINATIONS = 10_000;

/** What names a value of a matrix; `undefined` for a wrong one. */
export function valueName(value: Json): string | undefined {
  if (!isObject(value)) return Array.isArray(value) || value === null ? undefined : String(value);
  if (typeof value.name === "string") return value.name;
  return value.value === undefined
    ? undefined
    : typeof value.value === "string"
    ? value.value
    : JSON.stringify(value.value);
}

/** Axis → names of its values. */
export function axesOf(matrix: JsonObject): ReadonlyMap<string, readonly string[]> {
  const axes = Object.entries(matrix).filter(([name]) => name !== "include" && name !== "exclude");
  return new Map(axes.map(([name, values]) => [name, listOf(values).flatMap((value) => valueName(value) ?? [])]));
}

export function checkMatrix(matrix: JsonObject, path: SourcePath, report: Report): void {
  const axes = axesOf(matrix);
  for (const axis of axes.keys()) {
    const seen = new Set<string>();
    for (const [index, value] of listOf(matrix[axis]).entries()) {
      const name = valueName(value);
      if (name === undefined) {
        const isTypo = isObject(value) && Object.keys(value).some((key) => !AXIS_FIELDS.has(key));
        if (isObject(value) && !isTypo) report([...path, axis, index], "needs `value` or `name`");
      } else if (seen.has(name)) report([...path, axis, index], `is there twice: "${name}"`);
      else seen.add(name);
    }
  }
  const count = [...axes.values()].reduce((product, values) => product * Math.max(1, values.length), 1);
  if (count > MAX_COMBINATIONS) report(path, `has ${count} combinations: at most ${MAX_COMBINATIONS} are allowed`);
  for (const list of ["include", "exclude"]) {
    for (const [index, combination] of listOf(matrix[list]).entries()) {
      checkCombination(objectOf(combination), [...path, list, index], { axes, isComplete: list === "include" }, report);
    }
  }
}

const AXIS_FIELDS: ReadonlySet<string> = new Set(["value", "name", "inputs", "timeout", "queue-timeout", "expect"]);

function checkCombination(
  combination: JsonObject,
  path: SourcePath,
  { axes, isComplete }: { readonly axes: ReadonlyMap<string, readonly string[]>; readonly isComplete: boolean },
  report: Report,
): void {
  for (const [axis, value] of Object.entries(combination)) {
    const known = axes.get(axis);
    const name = valueName(value);
    if (known === undefined) {
      report([...path, axis], `no key of the matrix. ${didYouMeanOrKnown(axis, [...axes.keys()])}`, "key");
    } else if (!isComplete && name !== undefined && !known.includes(name)) {
      report([...path, axis], `no value of ${axis}: "${name}". ${didYouMeanOrKnown(name, known)}`);
    }
  }
  const missing = [...axes.keys()].filter((axis) => combination[axis] === undefined);
  if (isComplete && missing.length > 0) report(path, `must also name ${missing.join(", ")}`);
}
