/** A command: its options, its help, and the function that runs it. */

import type { Args, ArgValues } from "../deps/gunshi.ts";
import { LOG_LEVELS } from "../log.ts";
import { nonEmptyString, oneOf, readArgv } from "./argv.ts";
import type { Context } from "./context.ts";
import type { Output } from "./output.ts";

const upperCaseLogLevel = oneOf(...LOG_LEVELS);
const logLevel = Object.assign((value: string) => upperCaseLogLevel(value.toUpperCase()), { choices: LOG_LEVELS });

/** Options of every command. */
export const COMMON_OPTIONS = {
  context: {
    type: "custom",
    parse: nonEmptyString,
    metavar: "NAME",
    description: "Use this context of the credentials file, instead of PW_API_KEY",
  },
  allowHost: {
    type: "custom",
    parse: nonEmptyString,
    metavar: "HOST",
    description: "Allow sending the key to this host, if PW_PLATFORM_HOST or .env names it",
  },
  cacert: {
    type: "custom",
    parse: nonEmptyString,
    metavar: "FILE",
    description: "Trust the CA certificates in this PEM file too (also PW_CA_CERT)",
  },
  logLevel: {
    type: "custom",
    parse: logLevel,
    metavar: "LEVEL",
    description: "DEBUG, INFO, WARNING or ERROR (also PW_LOG_LEVEL)",
  },
  noColor: { type: "boolean", description: "Disable colors (also NO_COLOR)" },
  help: { type: "boolean", short: "h", description: "Show this help" },
} as const satisfies Args;

export const JSON_OPTION = { json: { type: "boolean", description: "Print one JSON document" } } as const;

export interface Invocation<Values> {
  readonly context: Context;
  readonly output: Output;
  /** Aborts with {@link Stopped} when the process receives a stop signal. */
  readonly signal: AbortSignal;
  readonly values: Values;
}

export type CommonValues = ArgValues<typeof COMMON_OPTIONS>;

export interface Example {
  readonly line: string;
  readonly does: string;
}

export interface CommandSpec<A extends Args> {
  readonly name: string;
  /** One imperative sentence without a period. */
  readonly summary: string;
  /** What follows the name, such as `WORKFLOW [options]`. */
  readonly usage: string;
  readonly examples: readonly [Example, Example, ...Example[]];
  /** Shown below the options. */
  readonly notes?: string;
  readonly args: A;
  /** Returns the exit code. */
  run(invocation: Invocation<ArgValues<A & typeof COMMON_OPTIONS>>): Promise<number>;
}

/** A command whose options are not parsed yet. */
export interface Command extends Omit<CommandSpec<Args>, "run"> {
  /** Parses the arguments and returns a function that runs the command. */
  prepare(argv: readonly string[]): (invocation: Omit<Invocation<unknown>, "values">) => Promise<number>;
}

/** Binds a command's options to the function that uses them. */
export function defineCommand<const A extends Args>(spec: CommandSpec<A>): Command {
  const args = { ...spec.args, ...COMMON_OPTIONS };
  return {
    ...spec,
    args,
    prepare(argv) {
      const values = readArgv(spec.name, args, argv);
      return (invocation) => spec.run({ ...invocation, values });
    },
  };
}
