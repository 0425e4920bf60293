/** The words of a command line, read strictly: whatever is not understood is refused, all of it at once. */

import {
  type Args,
  type ArgSchema,
  type ArgsValidationErrorKeys,
  type ArgToken,
  type ArgValues,
  isArgsValidationError,
  parseArgs,
  resolveArgs,
} from "../deps/gunshi.ts";
import { UsageError } from "../errors.ts";
import { didYouMean } from "../did_you_mean.ts";
import { parseDuration } from "../duration.ts";

/**
 * Reads a command's options and words. Options are declared in camelCase and written in kebab-case.
 *
 * @throws UsageError that names everything wrong.
 */
export function readArgv<const A extends Args>(command: string, args: A, argv: readonly string[]): ArgValues<A> {
  const tokens = parseArgs(withValuesApart(args, argv)).filter((token) => token.kind !== "option-terminator");
  const { values, positionals, error } = resolveArgs(args, tokens, { shortGrouping: true, toKebab: true });
  const unknown = unknownOptions(args, tokens);
  const problems = [
    ...unknown,
    ...switchesWithValues(args, tokens),
    ...(unknown.length > 0 ? [] : tooManyWords(args, positionals)),
    ...(error?.errors ?? []).map(problemOf),
  ];
  if (problems.length === 0) return values;
  throw new UsageError(`Cannot run ${command}: ${problems.map(({ message }) => message).join("; ")}`, {
    hint: problems.find(({ hint }) => hint !== undefined)?.hint ?? `See \`pw-workflow-runner ${command} --help\``,
    cause: error,
  });
}

/** An option that takes text; an empty one is refused, since it is most often a variable that nobody set. */
export const text = (value: string): string => {
  if (value === "") throw new UsageError("it needs a value");
  return value;
};

/** An option that takes a duration, in milliseconds. */
export const duration = (value: string): number => parseDuration(text(value));

/** A duration where 0 means never. */
export const durationOrNever = (value: string): number | null => duration(value) || null;

/** A duration above zero. */
export const someTime = (value: string): number => {
  const durationMs = duration(value);
  if (durationMs === 0) throw new UsageError("it must be above 0");
  return durationMs;
};

/** An option that takes a whole number. */
export const wholeNumber = ({ min, max = Number.MAX_SAFE_INTEGER }: { min: number; max?: number }) => {
  return (value: string): number => {
    const number = Number(text(value));
    if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
    const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
    throw new UsageError(`it must be a whole number ${range}: got "${value}"`);
  };
};

/** An option that takes one of a few words; {@link wordsOf} tells them. */
export const oneOf = <const Word extends string>(...words: readonly Word[]) => {
  const parse = (value: string): Word => {
    const found = words.find((word) => word === text(value));
    if (found !== undefined) return found;
    throw new UsageError(`it must be one of ${words.join(", ")}: got "${value}"`, { hint: didYouMean(value, words) });
  };
  return Object.assign(parse, { words });
};

/** The words that an option takes; none where it takes others too. */
export function wordsOf({ parse }: ArgSchema): readonly string[] {
  if (parse === undefined || !("words" in parse) || !Array.isArray(parse.words)) return [];
  return parse.words.filter((word) => typeof word === "string");
}

/** The name as it is typed. */
export function optionName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export function takesValue({ type }: ArgSchema): boolean {
  return type !== "boolean" && type !== "positional";
}

interface UsageProblem {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** `-iVALUE` and `-i=VALUE` mean `-i VALUE`: the parser would take them for many short options. */
function withValuesApart(args: Args, argv: readonly string[]): string[] {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  return argv.map((word, index) => {
    const entry = Object.entries(args).find(([, schema]) =>
      schema.short !== undefined && takesValue(schema) && word.startsWith(`-${schema.short}`) && word.length > 2
    );
    return entry === undefined || index > end ? word : `${optionName(entry[0])}=${word.slice(2).replace(/^=/, "")}`;
  });
}

function unknownOptions(args: Args, tokens: readonly ArgToken[]): UsageProblem[] {
  const known = Object.entries(args)
    .filter(([, { type }]) => type !== "positional")
    .flatMap(([key, schema]) => [optionName(key), ...(schema.short === undefined ? [] : [`-${schema.short}`])]);
  return tokens
    .flatMap(({ kind, rawName }) => kind === "option" && rawName !== undefined ? [rawName] : [])
    .filter((name) => !known.includes(name))
    .map((name) => ({ message: `there is no option ${name}`, hint: didYouMean(name, known) }));
}

function switchesWithValues(args: Args, tokens: readonly ArgToken[]): UsageProblem[] {
  const switches = Object.entries(args).filter(([, { type }]) => type === "boolean").map(([key]) => optionName(key));
  return tokens
    .filter(({ rawName, inlineValue }) => inlineValue === true && rawName !== undefined && switches.includes(rawName))
    .map(({ rawName }) => ({ message: `${rawName} takes no value` }));
}

function tooManyWords(args: Args, positionals: readonly string[]): UsageProblem[] {
  const places = Object.values(args).filter(({ type }) => type === "positional");
  if (places.some(({ multiple }) => multiple)) return [];
  return positionals.slice(places.length).map((word) => ({ message: `"${word}" is one word too many` }));
}

function problemOf(error: unknown): UsageProblem {
  if (!isArgsValidationError(error)) throw error;
  const code: (typeof ArgsValidationErrorKeys)[keyof typeof ArgsValidationErrorKeys] | undefined = error.code;
  const key = typeof error.values.name === "string" ? error.values.name : "";
  switch (code) {
    case "err:arg:required-positional":
      return { message: `${key.toUpperCase()} is missing` };
    case "err:arg:required-option":
      return { message: `${optionName(key)} is missing` };
    case "err:arg:custom-parse": {
      const { cause } = error;
      if (!(cause instanceof UsageError)) throw cause;
      return { message: `${optionName(key)}: ${cause.message}`, hint: cause.hint };
    }
    default:
      return { message: error.message };
  }
}
