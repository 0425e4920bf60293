/** Strict parsing of command lines: anything unknown is refused, and all problems are reported at once. */

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
 * Parses a command's options and arguments. Options are declared in camelCase and written in kebab-case.
 *
 * @throws UsageError that lists every problem.
 */
export function readArgv<const A extends Args>(command: string, args: A, argv: readonly string[]): ArgValues<A> {
  const tokens = parseArgs(separateShortValues(args, argv)).filter((token) => token.kind !== "option-terminator");
  const { values, positionals, error } = resolveArgs(args, tokens, { shortGrouping: true, toKebab: true });
  const unknown = unknownOptions(args, tokens);
  const problems = [
    ...unknown,
    ...flagsWithValues(args, tokens),
    ...(unknown.length > 0 ? [] : unexpectedArguments(command, args, positionals)),
    ...(error?.errors ?? []).map((one) => problemOf(command, one)),
  ];
  if (problems.length === 0) return values;
  throw new UsageError(problems.map(({ message }) => message).join("; "), {
    hint: problems.find(({ hint }) => hint !== undefined)?.hint ?? `See \`pw-workflow-runner ${command} --help\``,
    cause: error,
  });
}

/** Parses text. Empty text is refused, since it is most often a variable that is not set. */
export const nonEmptyString = (value: string): string => {
  if (value === "") throw new UsageError("needs a value");
  return value;
};

/** Parses a duration into milliseconds. */
export const duration = (value: string): number => parseDuration(nonEmptyString(value));

/** Parses a duration into milliseconds; `null` for 0, which means no limit. */
export const durationOrNever = (value: string): number | null => duration(value) || null;

/** Parses a duration above 0 into milliseconds. */
export const positiveDuration = (value: string): number => {
  const durationMs = duration(value);
  if (durationMs === 0) throw new UsageError("must be greater than 0");
  return durationMs;
};

export const integer = ({ min, max = Number.MAX_SAFE_INTEGER }: { min: number; max?: number }) => {
  return (value: string): number => {
    const number = Number(nonEmptyString(value));
    if (Number.isSafeInteger(number) && number >= min && number <= max) return number;
    const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
    throw new UsageError(`must be a whole number ${range}: got "${value}"`);
  };
};

/** A parser that accepts one of these choices; {@link choicesOf} returns them. */
export const oneOf = <const Choice extends string>(...choices: readonly Choice[]) => {
  const parse = (value: string): Choice => {
    const found = choices.find((choice) => choice === nonEmptyString(value));
    if (found !== undefined) return found;
    throw new UsageError(`must be one of ${choices.join(", ")}: got "${value}"`, { hint: didYouMean(value, choices) });
  };
  return Object.assign(parse, { choices });
};

/** The values that an option accepts; empty if it accepts other values too. */
export function choicesOf({ parse }: ArgSchema): readonly string[] {
  if (parse === undefined || !("choices" in parse) || !Array.isArray(parse.choices)) return [];
  return parse.choices.filter((choice) => typeof choice === "string");
}

/** `maxPollInterval` as `--max-poll-interval`. */
export function kebabOptionName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export function optionTakesValue({ type }: ArgSchema): boolean {
  return type !== "boolean" && type !== "positional";
}

interface UsageProblem {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Rewrites `-iVALUE` and `-i=VALUE` to `--input=VALUE`: the parser would read them as grouped short options. */
function separateShortValues(args: Args, argv: readonly string[]): string[] {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  return argv.map((arg, index) => {
    const entry = Object.entries(args).find(([, schema]) =>
      schema.short !== undefined && optionTakesValue(schema) && arg.startsWith(`-${schema.short}`) && arg.length > 2
    );
    return entry === undefined || index > end ? arg : `${kebabOptionName(entry[0])}=${arg.slice(2).replace(/^=/, "")}`;
  });
}

function unknownOptions(args: Args, tokens: readonly ArgToken[]): UsageProblem[] {
  const names = Object.entries(args)
    .filter(([, { type }]) => type !== "positional")
    .flatMap(([key, schema]) => [kebabOptionName(key), ...(schema.short === undefined ? [] : [`-${schema.short}`])]);
  return tokens
    .flatMap(({ kind, rawName }) => kind === "option" && rawName !== undefined ? [rawName] : [])
    .filter((name) => !names.includes(name))
    .map((name) => ({ message: `Unknown option ${name}`, hint: didYouMean(name, names) }));
}

function flagsWithValues(args: Args, tokens: readonly ArgToken[]): UsageProblem[] {
  const flags = Object.entries(args).filter(([, { type }]) => type === "boolean").map(([key]) => kebabOptionName(key));
  return tokens
    .filter(({ rawName, inlineValue }) => inlineValue === true && rawName !== undefined && flags.includes(rawName))
    .map(({ rawName }) => ({ message: `${rawName} takes no value` }));
}

function unexpectedArguments(command: string, args: Args, positionals: readonly string[]): UsageProblem[] {
  const accepted = Object.values(args).filter(({ type }) => type === "positional");
  if (accepted.some(({ multiple }) => multiple)) return [];
  return positionals.slice(accepted.length).map((arg) => ({ message: `${command}: unexpected argument "${arg}"` }));
}

function problemOf(command: string, error: unknown): UsageProblem {
  if (!isArgsValidationError(error)) throw error;
  const code: (typeof ArgsValidationErrorKeys)[keyof typeof ArgsValidationErrorKeys] | undefined = error.code;
  const key = typeof error.values.name === "string" ? error.values.name : "";
  switch (code) {
    case "err:arg:required-positional":
      return { message: `${command}: missing argument ${key.toUpperCase()}` };
    case "err:arg:required-option":
      return { message: `${command}: missing option ${kebabOptionName(key)}` };
    case "err:arg:custom-parse": {
      const { cause } = error;
      if (!(cause instanceof UsageError)) throw cause;
      return { message: `${kebabOptionName(key)}: ${cause.message}`, hint: cause.hint };
    }
    default:
      return { message: error.message };
  }
}
