/** The matrix of a case: what is wrong with it, and its combinations with what their values set. */

import { didYouMeanOrKnown } from "../did_you_mean.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { listOf, objectOf, type Report, within } from "./document.ts";
import type { CaseDocument } from "./format.ts";

const MAX_COMBINATIONS = 10_000;

/** What names a value of a matrix; `undefined` for a wrong one. */
function valueName(value: Json): string | undefined {
  if (!isObject(value)) return Array.isArray(value) || value === null ? undefined : String(value);
  const named = typeof value.name === "string" ? value.name : value.value;
  return named === undefined || typeof named === "string" ? named : JSON.stringify(named);
}

/** Axis → names of its values. */
export function axesOf(matrix: JsonObject): ReadonlyMap<string, readonly string[]> {
  const axes = Object.entries(matrix).filter(([name]) => name !== "include" && name !== "exclude");
  return new Map(axes.map(([name, values]) => [name, listOf(values).flatMap((value) => valueName(value) ?? [])]));
}

export function checkMatrix(matrix: JsonObject, report: Report): void {
  const axes = axesOf(matrix);
  const checkCombination = (combination: JsonObject, isComplete: boolean, report: Report) => {
    for (const [axis, value] of Object.entries(combination)) {
      const known = axes.get(axis);
      const name = valueName(value);
      if (known === undefined) {
        report([axis], `no key of the matrix. ${didYouMeanOrKnown(axis, [...axes.keys()])}`, "key");
      } else if (!isComplete && name !== undefined && !known.includes(name)) {
        report([axis], `no value of ${axis}: "${name}". ${didYouMeanOrKnown(name, known)}`);
      }
    }
    const missing = [...axes.keys()].filter((axis) => combination[axis] === undefined);
    if (isComplete && missing.length > 0) report([], `must also name ${missing.join(", ")}`);
  };
  for (const axis of axes.keys()) {
    const seen = new Set<string>();
    for (const [index, value] of listOf(matrix[axis]).entries()) {
      const name = valueName(value);
      if (name === undefined) {
        const isComplete = isObject(value) && Object.keys(value).every((key) => AXIS_FIELDS.has(key));
        if (isComplete) report([axis, index], "needs `value` or `name`");
      } else if (seen.has(name)) report([axis, index], `is there twice: "${name}"`);
      else seen.add(name);
    }
  }
  const count = [...axes.values()].reduce((product, values) => product * Math.max(1, values.length), 1);
  if (count > MAX_COMBINATIONS) report([], `has ${count} combinations: at most ${MAX_COMBINATIONS} are allowed`);
  for (const list of ["include", "exclude"]) {
    for (const [index, item] of listOf(matrix[list]).entries()) {
      checkCombination(objectOf(item), list === "include", within(report, list, index));
    }
  }
}

const AXIS_FIELDS: ReadonlySet<string> = new Set(["value", "name", "inputs", "timeout", "queue-timeout", "expect"]);

type Matrix = NonNullable<CaseDocument["matrix"]>;

export interface AxisValue {
  readonly axis: string;
  readonly name: string;
  /** The value of the input that the axis names; `undefined` if it sets others only. */
  readonly value: Json | undefined;
  readonly settings: Pick<Partial<CaseDocument>, "inputs" | "timeout" | "queue-timeout" | "expect">;
}

/** One for each case: empty without a matrix. */
export function combinationsOf(matrix: Matrix | undefined): readonly (readonly AxisValue[])[] {
  if (matrix === undefined) return [[]];
  const { include = [], exclude = [], ...axes } = matrix;
  const choices = Object.entries(axes).map(([axis, values]) => [values].flat().map((value) => axisValue(axis, value)));
  const product = choices.reduce<readonly (readonly AxisValue[])[]>(
    (combinations, values) => combinations.flatMap((combination) => values.map((value) => [...combination, value])),
    [[]],
  );
  const kept = product.filter((combination) =>
    !exclude.some((excluded) =>
      Object.entries(excluded).every(([axis, value]) =>
        combination.some((one) => one.axis === axis && one.name === String(value))
      )
    )
  );
  const added = include.map((combination) =>
    Object.entries(combination).map(([axis, value]) =>
      choices.flat().find((choice) => choice.axis === axis && choice.name === String(value)) ?? axisValue(axis, value)
    )
  );
  return [...Map.groupBy([...kept, ...added], nameOf).values()].flatMap(([first]) =>
    first === undefined ? [] : [first]
  );
}

function nameOf(combination: readonly AxisValue[]): string {
  return combination.map(({ axis, name }) => JSON.stringify([axis, name])).sort().join();
}

function axisValue(axis: string, document: NonNullable<Matrix[string]>[number]): AxisValue {
  const name = valueName(document) ?? "";
  if (typeof document !== "object") return { axis, name, value: document, settings: {} };
  const { value, name: _name, ...settings } = document;
  return { axis, name, value, settings };
}
