/** The combinations of a matrix: all of them, pairs, or a sample that a seed repeats. */

import type { DeclaredType } from "../inputs/form.ts";
import { type InputLayer, typedText } from "../inputs/merge.ts";
import { canonicalJson, formatPath, type InputPath } from "../json.ts";
import type { Problem } from "../problem.ts";
import { seededRandom, shuffled } from "../seeded_random.ts";
import { counted } from "../text.ts";
import { type Axis, resolveAxis, type ResolvedAxis } from "./axis.ts";

/** `lhs`: a Latin hypercube, which covers each axis evenly. */
export type Sampling = "random" | "lhs";

export interface MatrixSpec {
  readonly axes: readonly Axis[];
  /** Pairs the first values, then the second ones, instead of combining each with each. */
  readonly isZipped: boolean;
  /** Removes the combinations that have all values of a filter. */
  readonly exclude: readonly MatrixFilter[];
  /** `null` for all combinations. */
  readonly sample: { readonly count: number; readonly seed: number; readonly sampling: Sampling } | null;
}

export interface MatrixFilter {
  readonly origin: string;
  readonly values: readonly Assignment[];
}

export type Assignment = Pick<InputLayer, "path" | "value">;

/** Inputs of one row, in the order of the axes. */
export type Combination = readonly Assignment[];

/** More rows than one process can track soundly. */
export const MAX_ROWS = 100_000;

/** @param typeOf The type that the workflow declares for a path. */
export function expandMatrix(spec: MatrixSpec, typeOf: (path: InputPath) => DeclaredType | undefined) {
  const resolved = spec.axes.map((axis) =>
    resolveAxis(axis, { declared: typeOf(axis.path), isSampled: spec.sample !== null, max: MAX_ROWS })
  );
  const problems = [...repeatedAxes(spec.axes), ...resolved.filter((axis) => "message" in axis)];
  const axes = resolved.flatMap((axis) => "message" in axis ? [] : [axis]);
  if (problems.length > 0 || axes.length === 0) return { combinations: [], problems };
  const isExcluded = exclusion(spec, axes, typeOf, problems);
  const sizes = new Set(axes.map(({ values }) => values?.length));
  if (spec.isZipped && sizes.size > 1) {
    const lengths = axes.map(({ path, values }) =>
      `${formatPath(path)} has ${values?.length ?? "a range without a count"}`
    );
    problems.push({ origin: axes[0]?.origin ?? "", path: "", message: `cannot be zipped: ${lengths.join(", ")}` });
  }
  if (problems.length > 0) return { combinations: [], problems };
  const grid = spec.isZipped ? zipped(axes) : product(axes);
  const chosen = spec.sample === null ? listed(grid, isExcluded) : sampled(axes, grid, isExcluded, spec);
  return typeof chosen === "string"
    ? { combinations: [], problems: [{ origin: axes[0]?.origin ?? "", path: "", message: chosen }] }
    : { combinations: chosen, problems };
}

function repeatedAxes(axes: readonly Axis[]): Problem[] {
  const seen = new Set<string>();
  return axes.flatMap(({ path, origin }) => {
    const name = formatPath(path);
    if (seen.has(name)) return [{ origin, path: name, message: "is given twice: write all values in one list" }];
    seen.add(name);
    return [];
  });
}

/** Reports each filter that removes nothing, since that is most likely a typing error. */
function exclusion(
  { exclude, isZipped }: MatrixSpec,
  axes: readonly ResolvedAxis[],
  typeOf: (path: InputPath) => DeclaredType | undefined,
  problems: Problem[],
): (combination: Combination) => boolean {
  const filters = exclude.map(({ origin, values }) => {
    const wanted = values.flatMap(({ path, value }) => {
      const name = formatPath(path);
      const axis = axes.find((axis) => formatPath(axis.path) === name);
      if (axis === undefined) {
        const names = axes.map((axis) => formatPath(axis.path)).join(", ");
        problems.push({ origin, path: name, message: `is no input of the matrix, which has ${names}` });
        return [];
      }
      const typed = typeof value === "string" ? typedText(value, typeOf(path)) : value;
      return [{ name, axis, texts: [canonicalJson(value), canonicalJson(typed)] }];
    });
    const matches = (combination: Combination) =>
      wanted.every(({ name, texts }) =>
        combination.some(({ path, value }) => formatPath(path) === name && texts.includes(canonicalJson(value)))
      );
    const isPossible = isZipped
      ? all(zipped(axes), () => false).some(matches)
      : wanted.every(({ axis, texts }) => axis.values?.some((value) => texts.includes(canonicalJson(value))) === true);
    if (wanted.length === values.length && !isPossible) {
      problems.push({ origin, path: "", message: "matches no combination of the matrix" });
    }
    return matches;
  });
  return (combination) => filters.some((matches) => matches(combination));
}

interface Grid {
  /** Not finite if a value can be any number of a range. */
  readonly size: number;
  combinations(): Combination[];
}

function zipped(axes: readonly ResolvedAxis[]): Grid {
  const size = axes[0]?.values?.length ?? 0;
  const at = (index: number) => axes.map(({ path, values }) => ({ path, value: values?.[index] ?? null }));
  return { size, combinations: () => Array.from({ length: size }, (_, index) => at(index)) };
}

/** The last axis changes first. */
function product(axes: readonly ResolvedAxis[]): Grid {
  const size = axes.reduce((size, { values }) => size * (values?.length ?? Infinity), 1);
  const extended = (rows: Combination[], { path, values }: ResolvedAxis) =>
    rows.flatMap((row) => (values ?? []).map((value) => [...row, { path, value }]));
  return { size, combinations: () => axes.reduce(extended, [[]]) };
}

function all(grid: Grid, isExcluded: (combination: Combination) => boolean): Combination[] {
  return grid.combinations().filter((combination) => !isExcluded(combination));
}

function listed(grid: Grid, isExcluded: (combination: Combination) => boolean): Combination[] | string {
  if (grid.size > MAX_ROWS) {
    const [count, max] = [grid.size, MAX_ROWS].map((size) => size.toLocaleString("en-US"));
    return `has ${count} combinations: use at most ${max}, or a sample of them`;
  }
  const combinations = all(grid, isExcluded);
  return combinations.length === 0 ? "every combination is excluded" : combinations;
}

function sampled(
  axes: readonly ResolvedAxis[],
  grid: Grid,
  isExcluded: (combination: Combination) => boolean,
  { sample, isZipped, exclude }: MatrixSpec,
): Combination[] | string {
  const { count, seed, sampling } = sample ?? { count: 0, seed: 0, sampling: "random" };
  const random = seededRandom(seed);
  if (sampling === "lhs") {
    if (isZipped || exclude.length > 0) {
      return "a Latin hypercube cannot be zipped, and nothing can be excluded from it";
    }
    return latinHypercube(axes, count, random);
  }
  if (grid.size > MAX_ROWS) return draw(axes, { count, random, isExcluded });
  const combinations = all(grid, isExcluded);
  if (combinations.length < count) return `has ${counted(combinations.length, "combination")}: cannot sample ${count}`;
  const order = shuffled([...combinations.keys()], random).slice(0, count).sort((a, b) => a - b);
  return order.map((index) => combinations[index] ?? []);
}

/** More draws than this in vain: almost everything is excluded. */
const MAX_DRAWS_PER_ROW = 1_000;

/** Draws different combinations from more than can be listed. */
function draw(
  axes: readonly ResolvedAxis[],
  { count, random, isExcluded }: {
    readonly count: number;
    readonly random: () => number;
    isExcluded(combination: Combination): boolean;
  },
): Combination[] | string {
  const drawn = new Map<string, Combination>();
  for (let draws = 0; drawn.size < count; draws++) {
    if (draws > count * MAX_DRAWS_PER_ROW) return `has too few different combinations to sample ${count}`;
    const combination = axes.map((axis) => ({ path: axis.path, value: axis.at(random()) }));
    if (!isExcluded(combination)) drawn.set(canonicalJson(combination.map(({ value }) => value)), combination);
  }
  return [...drawn.values()];
}

function latinHypercube(axes: readonly ResolvedAxis[], count: number, random: () => number): Combination[] {
  const columns = axes.map((axis) => {
    const strata = shuffled([...Array(count).keys()], random);
    return strata.map((stratum) => ({ path: axis.path, value: axis.at((stratum + random()) / count) }));
  });
  return Array.from({ length: count }, (_, row) => columns.flatMap((column) => column[row] ?? []));
}
