/** A command: its options, its help, and the function that runs it. */

import { UsageError } from "../errors.ts";
import { LOG_LEVELS } from "../log.ts";
import type { CredentialOptions } from "../platform/credentials/sources.ts";
import type { Deps } from "../runs/deps.ts";
import {
  type Args,
  type ArgSchema,
  type ArgValues,
  type Choices,
  flag,
  kebabOptionName,
  oneOf,
  option,
  readArgv,
  scanWords,
} from "./argv.ts";
import type { Context } from "./context.ts";
import type { Output } from "./output.ts";

const exactLogLevel = oneOf(...LOG_LEVELS);
const logLevel = Object.assign(
  (value: string) => LOG_LEVELS.find((level) => level === value.toUpperCase()) ?? exactLogLevel(value),
  exactLogLevel,
);

/** Options of commands that connect to the platform. The others accept and ignore them. */
export const CONNECTION_OPTIONS = {
  context: option("NAME", "Use this context of the credentials file, instead of PW_API_KEY", { completes: "context" }),
  allowHost: option("HOST", "Allow sending the key to this host, if PW_PLATFORM_HOST or .env names it"),
  cacert: option("FILE", "Trust the CA certificates in this PEM file too (also PW_CA_CERT)", { completes: "file" }),
} as const;

/** Options of every command. */
export const COMMON_OPTIONS = {
  ...CONNECTION_OPTIONS,
  logLevel: option("LEVEL", "DEBUG, INFO, WARNING or ERROR (also PW_LOG_LEVEL)", logLevel),
  quiet: flag("No progress, only warnings and errors (--log-level WARNING)", "q"),
  verbose: flag("Show each request (--log-level DEBUG)", "v"),
  noColor: flag("Disable colors (also NO_COLOR)"),
  help: flag("Show this help", "h"),
} as const;

export const JSON_OPTION = {
  json: flag("Print one JSON document"),
  output: option("FORMAT", "text, json (like --json) or yaml", { short: "o", parse: oneOf("text", "json", "yaml") }),
} as const;
export const EVENTS_OPTION = { events: flag("Print events as JSON Lines") } as const;

export interface Invocation<Values = unknown> {
  readonly context: Context;
  readonly output: Output;
  /** Aborts with {@link Stopped} when the process receives a stop signal. */
  readonly signal: AbortSignal;
  /** Also of what selects an API key, and connects to its host. */
  readonly values: Values & CredentialOptions & { readonly cacert?: string | undefined };
}

/** A call that has opened what it works with. */
export type OpenedCall<Values = unknown> = Invocation<Values> & { readonly deps: Deps };

export interface CommandSpec<A extends Args> {
  /** Command lines, and what each does. */
  readonly examples: Choices;
  /** Its other forms, such as `status BATCH`, where no argument lists them. */
  readonly forms?: Choices;
  /** Options that have a section of their own in the help, by its title. */
  readonly sections?: Readonly<Record<string, Args>>;
  /** Its options that have an effect with an action, where not all have one; "" is for no action. */
  readonly optionsOf?: Readonly<Record<string, readonly (keyof A & string)[]>>;
  /** Shown below the options. An empty line separates paragraphs; one that is indented is not wrapped. */
  readonly notes?: string;
  /** True if it does not connect to the platform. */
  readonly isLocal?: boolean;
  readonly args: A;
  /** Returns the exit code, unless it is 0. */
  run(invocation: Invocation<ArgValues<A & typeof COMMON_OPTIONS>>): Promise<number | void>;
}

/** A command whose options are not parsed yet. */
export interface Command extends Omit<CommandSpec<Args>, "run"> {
  /** Parses the arguments and returns a function that runs the command. */
  prepare(name: string, argv: readonly string[]): (invocation: Omit<Invocation, "values">) => Promise<number>;
}

/** Binds a command's options to the function that uses them. */
export function defineCommand<const A extends Args>(spec: CommandSpec<A>): Command {
  const args = { ...spec.args, ...COMMON_OPTIONS };
  return {
    ...spec,
    args,
    prepare(name, argv) {
      const values = readArgv(name, args, argv);
      if (spec.optionsOf !== undefined) {
        const action = scanWords(args, argv).positionals[0]?.text ?? "";
        const listed = listedArgs({ args, optionsOf: spec.optionsOf }, action);
        const others = Object.keys(args).filter((key) => !Object.hasOwn(listed, key));
        refuseOptions(values, others, { reason: `with ${`${name} ${action}`.trim()}: it has no effect there` });
      }
      return async (invocation) => await spec.run({ ...invocation, values }) ?? 0;
    },
  };
}

/** @throws UsageError for the first of these options that is given; `reason` completes "Cannot use OPTION …". */
export function refuseOptions(
  values: object,
  names: readonly string[],
  { reason, hint }: { readonly reason: string; readonly hint?: string },
): void {
  const given = names.find((name) => Reflect.get(values, name) !== undefined);
  if (given !== undefined) throw new UsageError(`Cannot use ${kebabOptionName(given)} ${reason}`, { hint });
}

/** The options of help and completion: those that have an effect, with an action if one is given. */
export function listedArgs(
  { args, isLocal = false, optionsOf = {} }: Pick<Command, "args" | "isLocal" | "optionsOf">,
  action?: string,
): Args {
  const own = action !== undefined && Object.hasOwn(optionsOf, action) ? optionsOf[action] : undefined;
  const ofAll: readonly ArgSchema[] = Object.values({ ...COMMON_OPTIONS, ...JSON_OPTION });
  return Object.fromEntries(
    Object.entries(args).filter(([key, schema]) =>
      (!isLocal || !(key in CONNECTION_OPTIONS)) &&
      (own === undefined || schema.type === "argument" || own.includes(key) || ofAll.includes(schema))
    ),
  );
}

/** Common options may come before the command: `--log-level DEBUG list` equals `list --log-level DEBUG`. */
export function splitCommand(args: readonly string[]): { readonly name: string | undefined; readonly argv: string[] } {
  const [first] = scanWords(COMMON_OPTIONS, args).positionals;
  return { name: first?.text, argv: first === undefined ? [...args] : args.toSpliced(first.index, 1) };
}
