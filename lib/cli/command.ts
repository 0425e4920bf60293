/** What a command is: what it takes, what its help says, and the one function that does it. */

import type { Args, ArgValues } from "../deps/gunshi.ts";
import { LOG_LEVELS } from "../log.ts";
import { oneOf, readArgv, text } from "./argv.ts";
import type { Context } from "./context.ts";
import type { Output } from "./output.ts";

const upperLogLevel = oneOf(...LOG_LEVELS);
const logLevel = Object.assign((value: string) => upperLogLevel(value.toUpperCase()), { words: LOG_LEVELS });

/** Options that every command takes. */
export const COMMON_ARGS = {
  context: { type: "custom", parse: text, metavar: "NAME", description: "Identity of the credentials file to use" },
  allowHost: { type: "custom", parse: text, metavar: "HOST", description: "Send the key to this host, not its own" },
  cacert: {
    type: "custom",
    parse: text,
    metavar: "FILE",
    description: "Trust these authorities too, PEM (PW_CA_CERT)",
  },
  logLevel: {
    type: "custom",
    parse: logLevel,
    metavar: "LEVEL",
    description: "DEBUG, INFO, WARNING or ERROR (also PW_LOG_LEVEL)",
  },
  noColor: { type: "boolean", description: "Plain text on terminals too (also NO_COLOR)" },
  help: { type: "boolean", short: "h", description: "Show this help" },
} as const satisfies Args;

/** The switch of every command that can answer in JSON. */
export const JSON_ARG = { json: { type: "boolean", description: "Answer in one JSON document" } } as const;

/** What a command is called with. */
export interface Call<Values> {
  readonly context: Context;
  readonly output: Output;
  /** Aborts with {@link Stopped} when somebody asks the program to stop. */
  readonly signal: AbortSignal;
  readonly values: Values;
}

export type CommonValues = ArgValues<typeof COMMON_ARGS>;

export interface Example {
  readonly line: string;
  readonly does: string;
}

export interface CommandSpec<A extends Args> {
  readonly name: string;
  /** One line, begun in lower case, without a full stop. */
  readonly summary: string;
  /** The words after the name, like `WORKFLOW [options]`. */
  readonly usage: string;
  readonly examples: readonly [Example, Example, ...Example[]];
  /** What else a person must know. */
  readonly notes?: string;
  readonly args: A;
  /** Answers with the exit code. */
  run(call: Call<ArgValues<A & typeof COMMON_ARGS>>): Promise<number>;
}

/** A command whose options were read by nobody yet. */
export interface Command extends Omit<CommandSpec<Args>, "run"> {
  /** Reads the words, then returns what is to be done with them. */
  prepare(argv: readonly string[]): (call: Omit<Call<unknown>, "values">) => Promise<number>;
}

/** Ties a command's options to the function that takes them. */
export function defineCommand<const A extends Args>(spec: CommandSpec<A>): Command {
  const args = { ...spec.args, ...COMMON_ARGS };
  return {
    ...spec,
    args,
    prepare(argv) {
      const values = readArgv(spec.name, args, argv);
      return (call) => spec.run({ ...call, values });
    },
  };
}
