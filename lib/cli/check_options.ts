/** The options that control how strictly inputs are checked, and the warnings about them. */

import { UsageError } from "../errors.ts";
import type { InputChecking } from "../runs/prepare.ts";
import type { UnknownCondition } from "../inputs/unknown_conditions.ts";
import type { LogLevel } from "../log.ts";
import { flag } from "./argv.ts";
import { warningLine } from "./failure_report.ts";
import type { Problem } from "../problem.ts";
import type { Output } from "./output.ts";
import { oneLine } from "../escape.ts";

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
export function inputChecking(
  values: { readonly strict?: boolean | undefined; readonly noCheck?: boolean | undefined },
): InputChecking {
  if (values.strict === true && values.noCheck === true) {
    throw new UsageError("Cannot use --strict together with --no-check");
  }
  return values.noCheck === true ? "none" : values.strict === true ? "strict" : "lenient";
}

export function showWarnings(output: Output, warnings: readonly Problem[]): void {
  for (const warning of warnings) output.log("WARNING", warningLine(warning, output.style));
}

/** Names the conditions of a form that cannot be evaluated here. */
export function logUnknownConditions(output: Output, level: LogLevel, unknown: readonly UnknownCondition[]): void {
  for (const { path, condition, facts } of unknown) {
    output.log(level, oneLine(`${path}: ${condition} cannot be evaluated here: depends on ${facts.join(", ")}`));
  }
}
