/** The inputs of a command: their options, where they come from, and the warnings about them. */

import { UsageError } from "../errors.ts";
import { oneLine } from "../escape.ts";
import { readLayers } from "../inputs/layers.ts";
import type { InputLayer } from "../inputs/merge.ts";
import type { UnknownCondition } from "../inputs/field_state.ts";
import type { LogLevel } from "../log.ts";
import type { Problem } from "../problem.ts";
import type { InputChecking, PrepareOptions } from "../runs/prepare.ts";
import { type ArgValues, flag } from "./argv.ts";
import type { Invocation } from "./command.ts";
import { canPrompt } from "./confirm.ts";
import type { Context } from "./context.ts";
import { renderWarnings } from "./failure_report.ts";
import type { Output } from "./output.ts";

/** Of `-i`. */
export const INPUT_DETAILS = { short: "i", aliases: ["-p"], multiple: true, completes: "input" } as const;

export const INPUT_CHECK_OPTIONS = {
  strict: flag("Refuse inputs that the workflow does not define"),
  noCheck: flag("Send the inputs without checking them"),
} as const;

export const DEFAULTS_OPTION = {
  noDefaults: flag("Leave the form's defaults to the platform instead of sending them"),
} as const;

/** @throws UsageError if both options are set. */
export function inputChecking({ strict, noCheck }: Partial<ArgValues<typeof INPUT_CHECK_OPTIONS>>): InputChecking {
  if (strict === true && noCheck === true) throw new UsageError("Cannot use --strict together with --no-check");
  return noCheck === true ? "none" : strict === true ? "strict" : "lenient";
}

export async function showWarnings(output: Output, warnings: readonly Problem[]): Promise<void> {
  if (warnings.length > 0) output.log("WARNING", await renderWarnings(warnings, output.style));
}

/** Names the conditions of a form that cannot be evaluated here. */
export function logUnknownConditions(output: Output, level: LogLevel, unknown: readonly UnknownCondition[]): void {
  for (const { path, condition, facts } of unknown) {
    output.log(level, oneLine(`${path}: ${condition} cannot be evaluated here: depends on ${facts.join(", ")}`));
  }
}

/** Reads the values of `-i`. */
export async function readInputs(context: Context, given: readonly string[] = []): Promise<InputLayer[]> {
  return await readLayers(given, {
    readTextFile: context.readTextFile,
    readStdin: () => context.stdin.readText(),
    promptSecret: (path) => {
      if (!context.stdin.isTerminal) {
        throw new UsageError(`Cannot prompt for ${path}: stdin is not a terminal`, {
          hint: `Put it in an input file, or use ${path}=@FILE`,
        });
      }
      return context.promptSecret(path);
    },
  });
}

/** Asks for required inputs without a value; `undefined` without a terminal, or where a program reads the output. */
export function askForMissing(call: Invocation<{ readonly noInput?: boolean | undefined }>): PrepareOptions["ask"] {
  const { context, output, values } = call;
  if (values.noInput === true || !canPrompt(context) || output.mode !== "text") return undefined;
  return async ({ form, inputs, paths, clusters }) => {
    const [{ promptFor }, { promptForFields }] = await Promise.all([
      import("./terminal/prompter.ts"),
      import("../prompts/fill.ts"),
    ]);
    return await promptFor(call, (prompter) => promptForFields(prompter, form, inputs, { clusters, only: paths }), {
      message: "Cancelled: nothing was submitted",
      hint: "Give inputs with -i NAME=VALUE; --no-input lists what is missing",
    });
  };
}
