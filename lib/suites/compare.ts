/** Compares a value with what is expected of it: element by element in lists, each with its path. Pure. */

import { canonicalJson, isExact, isObject, joinPath, type Json, parseOutput, valuesIn } from "../json.ts";
import type { ReportExpectation, ReportMetric } from "../reports/report.ts";
import type { ExpectDocument } from "./format.ts";
import { searchText } from "./search.ts";

export type Comparison = NonNullable<ExpectDocument["outputs"]>[string];

export interface Compared extends Omit<ReportExpectation, "knownFailure"> {
  /** True if it shows nothing, because a part of what was to be compared is not known. */
  readonly isUncertain?: boolean;
}

/** All comparisons of one value. */
export type Comparisons = Exclude<Comparison, string | number | boolean | unknown[]>;

export function comparisonsOf(comparison: Comparison): Comparisons {
  return isObject(comparison) ? comparison : { equals: comparison };
}

/**
 * One result if everything holds, else one for each comparison that does not.
 *
 * @param actual `undefined` if there is no such value. Workflows write texts: they are read as JSON where something else is
 * expected.
 */
export function compare(comparison: Comparison, actual: Json | undefined, path: string): readonly Compared[] {
  const all = comparisonsOf(comparison);
  if (actual === undefined || all.exists === false) {
    const isMet = actual === undefined && all.exists === false;
    const expected = all.exists === false ? "no value" : expectedText(all);
    return [{ path, isMet, expected, actual: actual === undefined ? "nothing" : shown(actual) }];
  }
  const results = [
    ...all.equals === undefined ? [] : compareEqual(all.equals, actual, path),
    ...all.not === undefined ? [] : [{
      path,
      isMet: !isEqual(all.not, asTypeOf(all.not, actual)),
      expected: `not ${shown(all.not)}`,
      actual: shown(actual),
    }],
    ...compareNumbers(all, actual, path),
    ...compareText(all, typeof actual === "string" ? actual : JSON.stringify(actual), path),
    ...all.type === undefined ? [] : [compareType(all.type, actual, path)],
  ];
  const failed = results.filter(({ isMet }) => !isMet);
  return failed.length > 0 ? failed : [{ path, isMet: true, expected: expectedText(all), actual: shown(actual) }];
}

function compareEqual(expected: Json, given: Json, path: string): readonly Compared[] {
  const actual = asTypeOf(expected, given);
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const length = compareLength(expected, actual, path);
    if (length !== undefined) return [length];
    return expected.flatMap((item, index) => compareEqual(item, actual[index] ?? null, joinPath(path, index)));
  }
  return [{ path, isMet: isEqual(expected, actual), expected: shown(expected), actual: shown(actual) }];
}

function compareLength(expected: readonly Json[], actual: readonly Json[], path: string): Compared | undefined {
  if (expected.length === actual.length) return undefined;
  return { path, isMet: false, expected: `a list of ${expected.length}`, actual: `a list of ${actual.length}` };
}

function compareNumbers(all: Comparisons, actual: Json, path: string): readonly Compared[] {
  const { min, max, about, within } = all;
  return [
    ...min === undefined ? [] : eachNumber(actual, path, (value) => value >= min, `at least ${min}`),
    ...max === undefined ? [] : eachNumber(actual, path, (value) => value <= max, `at most ${max}`),
    ...about === undefined ? [] : compareAbout(about, actual, path, within ?? 0),
  ];
}

function compareAbout(about: Json, given: Json, path: string, within: number | string): readonly Compared[] {
  if (Array.isArray(about)) {
    const actual = parsed(given);
    if (!Array.isArray(actual)) {
      return [{ path, isMet: false, expected: `a list of ${about.length} numbers`, actual: shown(actual) }];
    }
    const length = compareLength(about, actual, path);
    if (length !== undefined) return [length];
    return about.flatMap((one, index) => compareAbout(one, actual[index] ?? null, joinPath(path, index), within));
  }
  const target = Number(about);
  const tolerance = distanceOf(within, target);
  const holds = (value: number | bigint) => {
    if (![Number(value), target, tolerance].every(Number.isInteger)) {
      return Math.abs(Number(value) - target) <= tolerance + slackOf(target, tolerance);
    }
    const distance = BigInt(value) - BigInt(target);
    return distance <= tolerance && -distance <= tolerance;
  };
  return eachNumber(given, path, holds, `about ${target}, within ${within}`);
}

/** Decimal fractions are not exact: 1.1 is within 0.1 of 1. */
export function slackOf(...numbers: readonly number[]): number {
  return 4 * Number.EPSILON * Math.max(...numbers.map(Math.abs));
}

/** A percentage is one of what is expected. */
export function distanceOf(tolerance: number | string, expected: number): number {
  return typeof tolerance === "number" ? tolerance : Math.abs(expected) * Number.parseFloat(tolerance) / 100;
}

/** In a list, each element has to hold. */
function eachNumber(
  given: Json,
  path: string,
  holds: (value: number | bigint) => boolean,
  expected: string,
): readonly Compared[] {
  const json = parsed(given);
  const actual = typeof json === "number" && isInexactInteger(given) ? BigInt(given) : json;
  if (Array.isArray(actual) && actual.length > 0) {
    return actual.flatMap((item, index) => eachNumber(item, joinPath(path, index), holds, expected));
  }
  const isNumber = typeof actual === "number" || typeof actual === "bigint";
  const isMet = isNumber && holds(actual);
  const found = isNumber ? String(actual) : `${shown(actual)}, not a number`;
  return [{ path, isMet, expected, actual: found }];
}

/**
 * Also for logs.
 *
 * @param shownAs What a message shows of the text, which may have secrets: lines of `visible`, or else `actual`.
 */
export function compareText(
  { matches, contains, lacks }: Pick<Comparisons, "matches" | "contains" | "lacks">,
  text: string,
  path: string,
  { visible, actual: otherwise }: ShownText = { visible: text, actual: shown(text) },
): readonly Compared[] {
  const result = (isMet: boolean, expected: string, actual = otherwise) => ({ path, isMet, expected, actual });
  const match = matches === undefined ? null : searchText(new RegExp(matches, "m"), text);
  const stopped = match === undefined ? "a search that takes too long: simplify the regular expression" : undefined;
  return [
    ...matches === undefined ? [] : [result(Array.isArray(match), `text that matches ${matches}`, stopped)],
    ...[contains ?? []].flat().map((part) => result(text.includes(part), `text that contains ${JSON.stringify(part)}`)),
    ...[lacks ?? []].flat().map((part) => {
      const isMet = !text.includes(part);
      const line = !isMet && visible.includes(part) ? `… ${lineWith(visible, part)} …` : undefined;
      return result(isMet, `text without ${JSON.stringify(part)}`, line);
    }),
  ];
}

interface ShownText {
  readonly visible: string;
  readonly actual: string;
}

function compareType(type: NonNullable<Comparisons["type"]>, actual: Json, path: string): Compared {
  const value = type === "text" ? actual : parsed(actual);
  const found: readonly string[] = value === null
    ? ["null"]
    : Array.isArray(value)
    ? ["list"]
    : typeof value === "string"
    ? ["text"]
    : typeof value === "number"
    ? Number.isInteger(value) ? ["integer", "number"] : ["number"]
    : [typeof value];
  return { path, isMet: found.includes(type), expected: `type ${type}`, actual: `${found[0]}: ${shown(actual)}` };
}

function isEqual(expected: Json, actual: Json): boolean {
  return canonicalJson(expected) === canonicalJson(actual);
}

/** A text as the JSON that it contains, where something else than text is expected; not an integer that would be changed. */
function asTypeOf(expected: Json, actual: Json): Json {
  return isInexactInteger(actual) || typeof expected === "string" ? actual : parsed(actual);
}

function isInexactInteger(value: Json): value is string {
  return typeof value === "string" && /^\s*[-+]?\d+\s*$/.test(value) && !isExact(value);
}

/** Also .5, 5. and +5, as shells and Fortran write them, but not 007. */
const DECIMAL = /^\s*[-+]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s*$/;

function parsed(value: Json): Json {
  const json = typeof value !== "string" ? value : DECIMAL.test(value) ? Number(value) : parseOutput(value);
  // A number like 1e400 would be infinite, which JSON prints as null: its text stays one.
  const isInfinite = ([member]: readonly [Json, unknown]) => member === Infinity || member === -Infinity;
  return json === undefined || valuesIn(json).some(isInfinite) ? String(value) : json;
}

const MAX_SHOWN = 200;

export function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

function lineWith(text: string, part: string): string {
  const index = text.indexOf(part);
  return shown(text.slice(text.lastIndexOf("\n", index) + 1).split("\n")[0] ?? "");
}

function expectedText(all: Comparisons): string {
  const { equals, not, min, max, about, within, matches, contains, lacks, exists, type } = all;
  return [
    ...equals === undefined ? [] : [shown(equals)],
    ...not === undefined ? [] : [`not ${shown(not)}`],
    ...min === undefined ? [] : [`at least ${min}`],
    ...max === undefined ? [] : [`at most ${max}`],
    ...about === undefined ? [] : [`about ${shown(about)}, within ${within}`],
    ...matches === undefined ? [] : [`text that matches ${matches}`],
    ...contains === undefined
      ? []
      : [`text that contains ${[contains].flat().map((part) => JSON.stringify(part)).join(", ")}`],
    ...lacks === undefined ? [] : [`text without ${[lacks].flat().map((part) => JSON.stringify(part)).join(", ")}`],
    ...exists === true ? ["a value"] : [],
    ...type === undefined ? [] : [`type ${type}`],
  ].join(", ");
}

/** The value as it is compared with others in a message. */
export function metricText({ value, unit }: Pick<ReportMetric, "value" | "unit">): string {
  return value === null ? "no such number" : `${numberText(value)}${unit === null ? "" : ` ${unit}`}`;
}

/** Without the digits that only arithmetic adds. */
export function numberText(value: number): string {
  return String(Number(value.toPrecision(12)));
}
