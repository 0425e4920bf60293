/** Checks of single values in a schedule or a request. Each returns the parsed value, or reports a problem and returns `undefined`. */

import { didYouMean } from "../did_you_mean.ts";
import { parseDuration } from "../duration.ts";
import { orError, UsageError } from "../errors.ts";
import { describeType, type FieldCheck, isPlainObject, type ValueContext } from "../inputs/check_json.ts";
import { joinPath } from "../json.ts";

/** Reports each unknown field, with a suggestion. */
export function readScheduleFields<Name extends string>(
  value: unknown,
  fields: readonly Name[],
  { path, report }: ValueContext,
) {
  const found = isPlainObject(value) ? value : undefined;
  if (found === undefined) report(path, `must be an object: got ${describeType(value)}`);
  for (const name of Object.keys(found ?? {}).filter((name) => !fields.some((field) => field === name))) {
    const hint = didYouMean(name, fields)?.replace(/^D/, "d");
    report(joinPath(path, name), `unknown field${hint === undefined ? "" : `: ${hint}`}`);
  }
  const has = (name: Name) => found !== undefined && Object.hasOwn(found, name) && found[name] !== undefined;
  const optional = <T>(name: Name, check: FieldCheck<T>): T | undefined =>
    has(name) ? check(found?.[name], { path: joinPath(path, name), report }) : undefined;
  const required = <T>(name: Name, check: FieldCheck<T>): T | undefined => {
    if (found !== undefined && !has(name)) report(joinPath(path, name), "is missing");
    return optional(name, check);
  };
  return { has, optional, required };
}

export const checkBoolean: FieldCheck<boolean> = (value, { path, report }) =>
  typeof value === "boolean" ? value : void report(path, "must be true or false");

export const checkScheduleText: FieldCheck<string> = (value, { path, report }) => {
  if (typeof value === "string" && value.trim() !== "") return value;
  const got = typeof value === "string" ? "an empty one" : describeType(value);
  return void report(path, `must be a non-empty string: got ${got}`);
};

/** @param description Completes "must be …" in the problem. */
export function checkScheduleTextPattern(pattern: RegExp, description: string): FieldCheck<string> {
  return (value, context) => {
    const text = checkScheduleText(value, context);
    if (text === undefined || pattern.test(text)) return text;
    return void context.report(context.path, `must be ${description}`);
  };
}

/** @param max Characters. */
export function checkScheduleTextUpTo(max: number): FieldCheck<string> {
  return checkScheduleTextPattern(new RegExp(`^[^]{0,${max}}$`), `at most ${max} characters`);
}

/** @param alternative Another accepted form, added to the problem, like `or { all: 3 }`. */
export function checkOneOf<const Option extends string>(
  options: readonly Option[],
  alternative = "",
): FieldCheck<Option> {
  return (value, { path, report }) => {
    const found = options.find((option) => option === value);
    if (found !== undefined) return found;
    const hint = typeof value === "string" ? didYouMean(value, options)?.replace(/^/, ". ") : undefined;
    const accepted = [options.join(", "), alternative].filter((part) => part !== "").join(" ");
    return void report(
      path,
      `must be one of ${accepted}: got ${JSON.stringify(value) ?? describeType(value)}${hint ?? ""}`,
    );
  };
}

export function checkScheduleList<T>(check: FieldCheck<T>): FieldCheck<readonly T[]> {
  return (value, { path, report }) => {
    if (!Array.isArray(value)) return void report(path, `must be a list: got ${describeType(value)}`);
    return value.flatMap((item: unknown, index) => check(item, { path: joinPath(path, index), report }) ?? []);
  };
}

/** In milliseconds. */
export const checkScheduleDuration: FieldCheck<number> = (value, context) => {
  const text = checkScheduleText(value, context);
  if (text === undefined) return undefined;
  const durationMs = orError(UsageError, () => parseDuration(text));
  if (!(durationMs instanceof UsageError)) return durationMs;
  return void context.report(context.path, `is ${durationMs.message}. Use a form like 30s, 5m, 2h or 1h30m`);
};

export const checkTimeZone: FieldCheck<string> = (value, context) => {
  const text = checkScheduleText(value, context);
  if (text === undefined || isTimeZone(text)) return text;
  const hint = didYouMean(text, Intl.supportedValuesOf("timeZone")) ?? "Use an IANA name like Europe/Berlin";
  return void context.report(context.path, `unknown time zone "${text}". ${hint}`);
};

/** Intl also accepts `+02:00`, which has no daylight saving time. */
function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  // A formatter accepts every zone name, but loading the first one takes about 12 ms; the list takes 2 ms.
  if (text === "UTC" || Intl.supportedValuesOf("timeZone").includes(text)) return true;
  return !(orError(RangeError, () => new Intl.DateTimeFormat("en", { timeZone: text })) instanceof RangeError);
}

export const checkScheduleUrl: FieldCheck<string> = (value, context) => {
  const text = checkScheduleText(value, context);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isLocal = url !== null && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isLocal)) return text;
  // The value is not quoted: webhook URLs contain secrets.
  return void context.report(context.path, "must be an https URL");
};
