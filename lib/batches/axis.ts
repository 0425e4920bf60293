/**
 * The values of one input in a matrix: a list like `1,2,4`, or a range.
 *
 * `1..10` counts by one; `0..1:5` has five values at equal distances; `1e-5..1e-1:log` has one value per power of ten, and
 * `1e-5..1e-1:log:9` nine at equal ratios. Both ends are included.
 */

import type { DeclaredType } from "../inputs/form.ts";
import { typedText } from "../inputs/merge.ts";
import { formatPath, type InputPath, type Json } from "../json.ts";
import type { Problem } from "../problem.ts";

export interface Axis {
  readonly path: InputPath;
  readonly origin: string;
  readonly items: AxisItems;
}

/** Texts are converted to the type that the workflow declares. */
export type AxisItems =
  | { readonly type: "texts"; readonly texts: readonly string[] }
  | { readonly type: "values"; readonly values: readonly Json[] }
  | Range;

interface Range {
  readonly type: "range";
  readonly text: string;
  readonly from: number;
  readonly to: number;
  readonly isLogarithmic: boolean;
  readonly count: number | null;
  /** Both ends are written without a point or an exponent: then sampled values are whole numbers, too. */
  readonly isWhole: boolean;
  /** How many digits each value has at least: more than one if an end is written with zeros, like `001..120`. */
  readonly digits: number;
}

/** An axis whose values are known. */
export interface ResolvedAxis extends Pick<Axis, "path" | "origin"> {
  /** `null` for a range from which any number may be drawn. */
  readonly values: readonly Json[] | null;
  /** The value at a part of the axis from 0 to less than 1. */
  at(part: number): Json;
}

const NUMBER = String.raw`[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?`;
const RANGE = new RegExp(String.raw`^\s*(${NUMBER})\.\.(${NUMBER})(:log)?(?::(\d+))?\s*$`);

/** Reads `1,2,4` or a range. */
export function parseAxisItems(text: string): AxisItems {
  const match = RANGE.exec(text);
  if (match === null) return { type: "texts", texts: text.split(",").map((item) => item.trim()) };
  const [, from = "", to = "", log, count] = match;
  return {
    type: "range",
    text,
    from: Number(from),
    to: Number(to),
    isLogarithmic: log !== undefined,
    count: count === undefined ? null : Number(count),
    isWhole: /^[-+]?\d+$/.test(from) && /^[-+]?\d+$/.test(to),
    digits: /^(?:0\d+ \d+|\d+ 0\d+)$/.test(`${from} ${to}`) ? Math.max(from.length, to.length) : 0,
  };
}

/** @param options.isSampled A range without a count is then drawn from as a whole. */
export function resolveAxis(
  { path, origin, items }: Axis,
  { declared, isSampled, max }: {
    readonly declared: DeclaredType | undefined;
    readonly isSampled: boolean;
    readonly max: number;
  },
): ResolvedAxis | Problem {
  const problem = (message: string): Problem => ({ origin, path: formatPath(path), message });
  if (items.type === "range") {
    const typed = (number: number): Json => typedText(String(number).padStart(items.digits, "0"), declared);
    const wrong = problemOfRange(items, { isSampled, max });
    if (wrong !== undefined) return problem(wrong);
    if (isSampled && !isCounted(items)) return { path, origin, values: null, at: (part) => typed(drawn(items, part)) };
    return listed(path, origin, numbersOf(items).map(typed));
  }
  if (items.type === "texts" && items.texts.length > 1 && items.texts.includes("")) {
    return problem("has an empty value: remove the extra comma");
  }
  const values = items.type === "values" ? items.values : items.texts.map((text) => typedText(text, declared));
  if (values.length === 0 || values[0] === "" && items.type === "texts") return problem("needs at least one value");
  return listed(path, origin, values);
}

function listed(path: InputPath, origin: string, values: readonly Json[]): ResolvedAxis {
  return { path, origin, values, at: (part) => values[Math.floor(part * values.length)] ?? null };
}

function problemOfRange(range: Range, { isSampled, max }: { readonly isSampled: boolean; readonly max: number }) {
  const { text, from, to, isLogarithmic, isWhole, count } = range;
  const isKept = isWhole ? Number.isSafeInteger : Number.isFinite;
  if (!isKept(from) || !isKept(to)) return `the range ${text} is too large`;
  if (isLogarithmic && (from <= 0 || to <= 0)) return `the range ${text} must be above 0 to be logarithmic`;
  if (count !== null && count < 2) return `the range ${text} must have at least 2 values`;
  if (isSampled && !isCounted(range)) return undefined;
  const values = count ?? stepsOf(range) + 1;
  if (!Number.isInteger(values)) {
    const ends = text.trim().replace(/:log$/, "");
    return `the range needs a number of values, like ${ends}${isLogarithmic ? ":log" : ""}:5`;
  }
  return values > max ? `the range ${text} has more than ${max.toLocaleString("en-US")} values` : undefined;
}

/** Whether the range has a number of values of its own. */
function isCounted({ count, isWhole, isLogarithmic }: Range): boolean {
  return count !== null || (isWhole && !isLogarithmic);
}

/** Steps of one, or of a power of ten; not a whole number if neither fits. */
function stepsOf({ from, to, isLogarithmic, isWhole }: Range): number {
  if (!isLogarithmic) return isWhole ? Math.abs(to - from) : NaN;
  const powers = Math.abs(Math.log10(to) - Math.log10(from));
  return Math.abs(powers - Math.round(powers)) < 1e-9 ? Math.round(powers) : NaN;
}

function numbersOf(range: Range): number[] {
  const steps = range.count === null ? stepsOf(range) : range.count - 1;
  const isEven = range.isWhole && !range.isLogarithmic && (range.to - range.from) % steps === 0;
  return Array.from({ length: steps + 1 }, (_, step) => {
    if (step === 0) return range.from;
    const value = between(range, step / steps);
    return step === steps ? range.to : isEven ? Math.round(value) : rounded(value, 12);
  });
}

function drawn(range: Range, part: number): number {
  if (range.isWhole) return Math.round(between(range, part));
  return rounded(between(range, part), 6);
}

function between({ from, to, isLogarithmic }: Range, part: number): number {
  return isLogarithmic ? from * (to / from) ** part : from + (to - from) * part;
}

/** Removes what binary fractions add, as in 0.30000000000000004. */
function rounded(number: number, digits: number): number {
  return Number(number.toPrecision(digits));
}
