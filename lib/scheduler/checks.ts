/** Checks of single values that somebody wrote: each answers with what it read, or reports why it can't be used. */

import { didYouMean } from "../did_you_mean.ts";
import { parseDuration } from "../duration.ts";
import { UsageError } from "../errors.ts";
import { joinPath } from "../inputs/path.ts";
import type { Json, JsonObject } from "../json.ts";

/** Where a value stands, and who is told what is wrong with it. */
export interface Place {
  /** Like `schedules[2].cron`. */
  readonly path: string;
  report(path: string, message: string): void;
}

/** Answers with what it read, or reports and answers with `undefined`. */
export type Check<T> = (value: unknown, place: Place) => T | undefined;

export interface Fields<Name extends string> {
  has(name: Name): boolean;
  required<T>(name: Name, check: Check<T>): T | undefined;
  optional<T>(name: Name, check: Check<T>): T | undefined;
}

/** Opens an object whose fields are known; others are reported, with what may have been meant. */
export function readFields<Name extends string>(
  value: unknown,
  known: Readonly<Record<Name, true>>,
  { path, report }: Place,
): Fields<Name> {
  if (!isPlainObject(value)) {
    report(path, `must be an object: got ${formatRunId(value)}`);
    return { has: () => false, required: () => undefined, optional: () => undefined };
  }
  for (const name of Object.keys(value).filter((name) => !Object.hasOwn(known, name))) {
    const hint = didYouMean(name, Object.keys(known))?.replace(/^D/, "d");
    report(joinPath(path, name), `is no field of it${hint === undefined ? "" : `: ${hint}`}`);
  }
  const has = (name: Name) => Object.hasOwn(value, name) && value[name] !== undefined;
  const read = <T>(name: Name, check: Check<T>) => check(value[name], { path: joinPath(path, name), report });
  return {
    has,
    optional: (name, check) => has(name) ? read(name, check) : undefined,
    required: (name, check) => has(name) ? read(name, check) : void report(joinPath(path, name), "is missing"),
  };
}

export const aString: Check<string> = (value, { path, report }) => {
  if (typeof value === "string" && value.trim() !== "") return value;
  return void report(path, `must be text: got ${value === "" ? "an empty one" : formatRunId(value)}`);
};

/** Text of a form, which `words` tell. */
export function aWord(form: RegExp, words: string): Check<string> {
  return (value, place) => {
    const text = aString(value, place);
    if (text === undefined || form.test(text)) return text;
    return void place.report(place.path, `must be ${words}`);
  };
}

/** @param others What else is possible, in words. */
export function oneOf<const Word extends string>(words: readonly Word[], others = ""): Check<Word> {
  return (value, { path, report }) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    const hint = typeof value === "string" ? didYouMean(value, words)?.replace(/^/, ". ") : undefined;
    const known = [words.join(", "), others].filter((part) => part !== "").join(" ");
    return void report(
      path,
      `must be one of ${known}: got ${JSON.stringify(value) ?? formatRunId(value)}${hint ?? ""}`,
    );
  };
}

export function aList<T>(check: Check<T>): Check<readonly T[]> {
  return (value, { path, report }) => {
    if (!Array.isArray(value)) return void report(path, `must be a list: got ${formatRunId(value)}`);
    return value.flatMap((item: unknown, index) => check(item, { path: joinPath(path, index), report }) ?? []);
  };
}

/** In milliseconds. */
export const checkDuration: Check<number> = (value, place) => {
  const text = aString(value, place);
  if (text === undefined) return undefined;
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return void place.report(place.path, `is ${error.message}. Write it like 30s, 5m, 2h or 1h30m`);
  }
};

export const checkTimeZone: Check<string> = (value, place) => {
  const text = aString(value, place);
  if (text === undefined || isTimeZone(text)) return text;
  const hint = didYouMean(text, Intl.supportedValuesOf("timeZone")) ?? "Write it like Europe/Berlin";
  return void place.report(place.path, `there is no time zone "${text}". ${hint}`);
};

/** Intl would also take `+02:00`, which knows no summer time. */
function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  // A formatter takes any name of a zone, but loading the first one costs some 12 ms; the list costs two.
  if (text === "UTC" || Intl.supportedValuesOf("timeZone").includes(text)) return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: text });
    return true;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return false;
  }
}

export const checkUrl: Check<string> = (value, place) => {
  const text = aString(value, place);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isHere = url !== null && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isHere)) return text;
  // Not quoted: there are secrets in such addresses.
  return void place.report(place.path, "must be an https address");
};

export const checkJsonObject: Check<JsonObject> = (value, { path, report }) => {
  if (!isPlainObject(value)) return void report(path, `must be an object: got ${formatRunId(value)}`);
  return isJson(value, { path, report }) ? value : undefined;
};

function isJson(value: unknown, { path, report }: Place): value is Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number" && Number.isFinite(value)) return true;
  if (Array.isArray(value)) return value.every((item, at) => isJson(item, { path: joinPath(path, at), report }));
  if (isPlainObject(value)) {
    return Object.entries(value).every(([name, item]) => isJson(item, { path: joinPath(path, name), report }));
  }
  report(path, `must be JSON: got ${typeof value === "object" ? "an object of a class" : formatRunId(value)}`);
  return false;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function formatRunId(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value === undefined) return "nothing";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
