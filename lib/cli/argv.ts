/** Reads command lines, for running commands and for completing them. Strict: anything unknown is refused. */

import { didYouMean, orList } from "../did_you_mean.ts";
import { parseDuration } from "../duration.ts";
import { orError, UsageError } from "../errors.ts";

/** What a shell completes. */
export type Completes =
  | "workflow"
  | "run"
  | "running-run"
  | "batch"
  | "preset"
  | "input"
  | "input-value"
  | "context"
  | "file";

/** Parses a value; throws UsageError. */
export type Parse<Value> = ((text: string) => Value) & { readonly choices?: Choices };

/** Each accepted value, with a description that may be empty. */
export type Choices = Readonly<Record<string, string>>;

/** An option or argument of a command. Its key is in camelCase; options are written in kebab-case. */
export interface ArgSchema {
  readonly type: "flag" | "option" | "argument";
  readonly description?: string;
  readonly short?: string;
  /** Other ways to write the option, such as `-p`, for users of other tools; not listed. */
  readonly aliases?: readonly string[];
  /** As in the usage. For arguments, an ellipsis means that more may follow. */
  readonly metavar?: string;
  /** Default: {@link nonEmptyString}. */
  readonly parse?: Parse<unknown>;
  readonly multiple?: boolean;
  /** False for an argument that may be missing. Options may always be missing. */
  readonly required?: boolean;
  readonly completes?: Completes;
  /** Values to complete where others are accepted too; one that ends with `=` takes a file. */
  readonly suggestions?: Choices;
  /** What to write, for when the argument is missing. */
  readonly hint?: string;
  /** For an argument that only follows this value of the one before. */
  readonly onlyAfter?: string;
}

export type Args = Readonly<Record<string, ArgSchema>>;

export type ArgValues<A extends Args> = { readonly [Key in keyof A]: ValueOf<A[Key]> };

type ValueOf<Schema extends ArgSchema> = Schema extends { readonly type: "flag" } ? boolean | undefined
  : Schema extends { readonly type: "argument"; readonly required?: true } ? ParsedOf<Schema>
  : ParsedOf<Schema> | undefined;

type ParsedOf<Schema> = Schema extends { readonly multiple: true } ? readonly OneOf<Schema>[] : OneOf<Schema>;

type OneOf<Schema> = Schema extends { readonly parse: (text: string) => infer Value } ? Value : string;

type Details = Omit<ArgSchema, "type" | "metavar" | "description">;
type Detailed = Details | Parse<unknown>;
type OptionOf<D extends Detailed> = ArgOf<"option", D extends Parse<unknown> ? { readonly parse: D } : D>;

/** An option without a value. */
export function flag(description: string, short?: string) {
  return { type: "flag", description, ...(short === undefined ? {} : { short }) } as const;
}

/** An option with a value. A parser may take the place of the details. */
export function option(metavar: string, text: string): ArgOf<"option", unknown>;
export function option<const D extends Detailed>(metavar: string, text: string, details: D): OptionOf<D>;
export function option(metavar: string, description: string, details: Detailed = {}): OptionOf<Details> {
  const parts = typeof details === "function" ? { parse: details } : details;
  return { type: "option", metavar, description, ...parts };
}

/** An option with one of these values. */
export const choice = <const Choice extends string>(description: string, ...choices: readonly Choice[]) =>
  option(choices.join("|"), description, oneOf(...choices));

/** An argument, in the order in which they are declared. */
export function argument<const D extends Details>(metavar: string, details: D): ArgOf<"argument", D> {
  return { type: "argument", metavar, ...details };
}

type ArgOf<Type extends ArgSchema["type"], D> = D & {
  readonly type: Type;
  readonly metavar: string;
  readonly description?: string;
};

/** @typeParam Key `undefined` for an unknown option. */
export interface ScannedOption<Key extends string | undefined = string> {
  readonly key: Key;
  readonly written: string;
  readonly value: string | undefined;
}

export type ScannedLine = Readonly<ReturnType<typeof scanWords>>;

/** Splits words into options and arguments, without judging them. */
export function scanWords(args: Args, words: readonly string[]) {
  const positionals: { readonly text: string; readonly index: number }[] = [];
  const options: ScannedOption[] = [];
  const unknown: string[] = [];
  let areOptionsEnded = false;
  /** The option at the end whose value is still to come. */
  let pendingOption: string | undefined;
  for (let index = 0; index < words.length; index++) {
    const text = words[index] ?? "";
    if (areOptionsEnded || !/^-./.test(text)) positionals.push({ text, index });
    else if (text === "--") areOptionsEnded = true;
    else {
      for (const { key, written, value } of optionsOf(args, text)) {
        const next = words[index + 1];
        const isNextValue = value === undefined && args[key ?? ""]?.type === "option" && !/^-./.test(next ?? "");
        if (key === undefined) unknown.push(written);
        else options.push({ key, written, value: isNextValue ? words[++index] : value });
        if (isNextValue && next === undefined) pendingOption = key;
      }
    }
  }
  return { positionals, options, unknown, areOptionsEnded, pendingOption };
}

/** The options in one word: `--name`, `--name=VALUE`, `-n`, `-nVALUE`, `-n=VALUE`, or several short ones. */
function optionsOf(args: Args, word: string): ScannedOption<string | undefined>[] {
  if (word.startsWith("--")) {
    const [written = "", ...value] = word.split("=");
    return [{ key: optionKey(args, written), written, value: value.length === 0 ? undefined : value.join("=") }];
  }
  const written = word.slice(0, 2);
  const rest = word.slice(2);
  const key = optionKey(args, written);
  if (rest === "" || key === undefined) return [{ key, written, value: undefined }];
  if (args[key]?.type === "option" || rest.startsWith("=")) return [{ key, written, value: rest.replace(/^=/, "") }];
  return [{ key, written, value: undefined }, ...optionsOf(args, `-${rest}`)];
}

function optionKey(args: Args, written: string): string | undefined {
  // `--max-poll-interval` is `maxPollInterval`.
  const key = written.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  // The names of all options take a while to make: only for those with another name.
  if (args[key] !== undefined && namesOf(key, args[key]).includes(written)) return key;
  return Object.keys(args).find((key) => args[key] !== undefined && namesOf(key, args[key]).includes(written));
}

/** The arguments, in order. */
export function argumentsOf(args: Args): [key: string, schema: ArgSchema][] {
  return Object.entries(args).filter(([, { type }]) => type === "argument");
}

/** How an option is written; empty for an argument. */
function namesOf(key: string, { type, short, aliases = [] }: ArgSchema): readonly string[] {
  if (type === "argument") return [];
  return [kebabOptionName(key), ...(short === undefined ? [] : [`-${short}`]), ...aliases];
}

/** `maxPollInterval` as `--max-poll-interval`. */
export function kebabOptionName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Options of `pw`, `gh` and other tools that are written differently here: the option that takes their place. */
const OPTIONS_ELSEWHERE: Readonly<Record<string, { readonly key: string; readonly use: string }>> = {
  "--inputs": { key: "input", use: "-i INPUTS" },
  "--param": { key: "input", use: "-p NAME=VALUE" },
  "--saved-inputs": { key: "preset", use: "--preset NAME" },
  "--no-watch": { key: "noWait", use: "--no-wait" },
  "--cancel-after": { key: "onTimeout", use: "--timeout TIME --on-timeout cancel" },
  "--platform-host": { key: "allowHost", use: "the environment variable PW_PLATFORM_HOST" },
  "--debug": { key: "verbose", use: "-v" },
  "-L": { key: "limit", use: "--limit N" },
  "--matrix": { key: "files", use: "`pw-workflow-runner run WORKFLOW --matrix NAME=VALUES`" },
};

function hintForUnknownOption(name: string, args: Args): string | undefined {
  const elsewhere = OPTIONS_ELSEWHERE[name];
  if (elsewhere !== undefined && elsewhere.key in args) return `Use ${elsewhere.use} instead of ${name}`;
  // A single letter is one edit from any other.
  if (name.length === 2) return undefined;
  return didYouMean(name, Object.entries(args).flatMap(([key, schema]) => namesOf(key, schema)));
}

/**
 * Parses a command's options and arguments.
 *
 * @param program What prints help with `--help`.
 * @throws UsageError that lists every problem.
 */
export function readArgv<const A extends Args>(
  command: string,
  args: A,
  argv: readonly string[],
  program?: string,
): ArgValues<A>;
export function readArgv(
  command: string,
  args: Args,
  argv: readonly string[],
  program = `pw-workflow-runner ${command}`,
): Readonly<Record<string, unknown>> {
  const { positionals, options, unknown } = scanWords(args, argv);
  const given = positionals.map(({ text }) => text);
  const problems: { readonly message: string; readonly hint?: string | undefined }[] = unknown.map((name) => ({
    message: `Unknown option ${name}`,
    hint: hintForUnknownOption(name, args),
  }));
  const values: Record<string, unknown> = {};
  const read = (key: string, text: string, label: string) => {
    const value = orError<unknown, UsageError>(UsageError, () => (args[key]?.parse ?? nonEmptyString)(text));
    if (value instanceof UsageError) {
      return void problems.push({ message: `${label} ${value.message}`, hint: value.hint });
    }
    const earlier = values[key];
    values[key] = args[key]?.multiple ? [...(Array.isArray(earlier) ? earlier : []), value] : value;
  };
  for (const { key, written, value } of options) {
    if (args[key]?.type === "option") read(key, value ?? "", `${kebabOptionName(key)}:`);
    else if (value !== undefined) problems.push({ message: `${written} takes no value` });
    else values[key] = true;
  }
  for (const [key, { metavar, multiple, required, parse, hint, onlyAfter }] of argumentsOf(args)) {
    if (onlyAfter !== undefined && !positionals.some(({ text }) => text === onlyAfter)) continue;
    const name = (metavar ?? key.toUpperCase()).replace("…", "");
    const taken = given.splice(0, multiple ? given.length : 1);
    for (const text of taken) read(key, text, `${command}: ${name}`);
    if (taken.length > 0 || required === false) continue;
    const choices = parse?.choices === undefined ? "" : `: ${orList(Object.keys(parse.choices))}`;
    problems.push({ message: `${command}: missing argument ${name}${choices}`, hint });
  }
  if (unknown.length === 0) {
    problems.push(...given.map((text) => ({ message: `${command}: unexpected argument "${text}"` })));
  }
  if (problems.length === 0) return values;
  const hints = new Set(problems.flatMap(({ hint }) => hint === undefined ? [] : [hint]));
  // Each alone names the command; together, once is enough.
  const prefix = new RegExp(`^${command}: `);
  const messages = problems.map(({ message }, index) => index === 0 ? message : message.replace(prefix, ""));
  throw new UsageError(messages.join("; "), {
    hint: hints.size === 0 ? `See \`${program} --help\`` : [...hints].join("\n"),
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

/** Parses a number above 0. */
export const positiveNumber = (value: string): number => {
  const number = Number(nonEmptyString(value));
  if (Number.isFinite(number) && number > 0) return number;
  throw new UsageError(`must be a number greater than 0: got "${value}"`);
};

/** A parser that accepts one of these choices. */
export const oneOf = <const Choice extends string>(...choices: readonly Choice[]) =>
  choiceOf<Choice>(Object.fromEntries(choices.map((choice) => [choice, ""])));

/** A parser that accepts one of these actions; each has a description for help and completion. */
export const actionOf = <const Action extends string>(actions: Readonly<Record<Action, string>>) =>
  choiceOf<Action>(actions);

function choiceOf<Choice extends string>(choices: Choices) {
  const isChoice = (value: string): value is Choice => Object.hasOwn(choices, value);
  const parse = (value: string): Choice => {
    nonEmptyString(value);
    if (isChoice(value)) return value;
    const values = Object.keys(choices);
    throw new UsageError(`must be ${orList(values)}: got "${value}"`, { hint: didYouMean(value, values) });
  };
  return Object.assign(parse, { choices });
}
