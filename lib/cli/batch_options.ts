/** Options of `run` that make a batch of one workflow. */

import type { MatrixArguments } from "../batches/matrix_spec.ts";
import { type ArgValues, flag, integer, oneOf, option } from "./argv.ts";

/** As many rows as a batch may have. */
const MAX_ROWS = 100_000;

export const MATRIX_OPTIONS = {
  matrix: option("NAME=VALUES", "Run once per value, like 1,2,4, 1..10 or 1e-5..1e-1:log; may be repeated", {
    multiple: true,
    completes: "input",
  }),
  zip: flag("Pair the values of several --matrix options in order, instead of combining all of them"),
  exclude: option("NAME=VALUE,…", "Leave out the combinations with these values", { multiple: true }),
  include: option("NAME=VALUE,…", "Add a run with these inputs", { multiple: true }),
  sample: option("N", "Run only this many of the combinations", { parse: integer({ min: 1, max: MAX_ROWS }) }),
  seed: option("N", "Seed of the sample; another one draws another sample (default 1)", { parse: integer({ min: 0 }) }),
  sampling: option("random|lhs", "How to draw: at random, or as a Latin hypercube, which covers each range evenly", {
    parse: oneOf("random", "lhs"),
  }),
} as const;

/** Each row this often; for `batch` and `run --matrix`. */
export const REPEAT_OPTION = {
  repeat: option("N", "Run each row N times", { parse: integer({ min: 1, max: 10_000 }) }),
} as const;

/** `undefined` without `--matrix` and the options that belong to it. */
export function matrixArguments(values: ArgValues<typeof MATRIX_OPTIONS>): MatrixArguments | undefined {
  const { matrix = [], zip = false, exclude = [], include = [], sample, seed, sampling } = values;
  const isUnused = [matrix, exclude, include].every(({ length }) => length === 0) && !zip &&
    [sample, seed, sampling].every((value) => value === undefined);
  return isUnused ? undefined : { matrix, zip, exclude, include, sample, seed, sampling };
}
