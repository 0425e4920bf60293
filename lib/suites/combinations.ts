/** The combinations of a matrix, each with what its values set. */

import type { Json } from "../json.ts";
import { valueName } from "./check_matrix.ts";
import type { CaseDocument } from "./format.ts";

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
  const kept = product.filter((combination) => !exclude.some((excluded) => isMatch(combination, excluded)));
  const added = include.map((combination) =>
    Object.entries(combination).map(([axis, value]) =>
      choices.flat().find((choice) => choice.axis === axis && choice.name === String(value)) ?? axisValue(axis, value)
    )
  );
  const isNew = (combination: readonly AxisValue[]) => !kept.some((other) => nameOf(other) === nameOf(combination));
  return [...kept, ...added.filter(isNew)];
}

function nameOf(combination: readonly AxisValue[]): string {
  return combination.map(({ axis, name }) => JSON.stringify([axis, name])).sort().join();
}

function isMatch(combination: readonly AxisValue[], wanted: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(wanted).every(([axis, value]) =>
    combination.some((one) => one.axis === axis && one.name === String(value))
  );
}

function axisValue(axis: string, document: NonNullable<Matrix[string]>[number]): AxisValue {
  const name = valueName(document) ?? "";
  if (typeof document !== "object") return { axis, name, value: document, settings: {} };
  const { value, name: _name, ...settings } = document;
  return { axis, name, value, settings };
}
