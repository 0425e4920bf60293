/** The options that say how strictly inputs are checked, and how what is odd about them is told. */

import { UsageError } from "../errors.ts";
import type { Checking } from "../runs/prepare.ts";
import type { Problem } from "../problem.ts";
import type { Output } from "./output.ts";
import { oneLine } from "../escape.ts";

export const CHECK_ARGS = {
  strict: { type: "boolean", description: "Refuse inputs that the workflow does not know" },
  noCheck: { type: "boolean", description: "Send the inputs as they are" },
} as const;

/** @throws UsageError when both are wanted. */
export function checkingOf(
  values: { readonly strict?: boolean | undefined; readonly noCheck?: boolean | undefined },
): Checking {
  if (values.strict === true && values.noCheck === true) {
    throw new UsageError("Cannot check strictly and not at all: --strict and --no-check exclude each other");
  }
  return values.noCheck === true ? "none" : values.strict === true ? "strict" : "lenient";
}

export function sayWarnings(output: Output, warnings: readonly Problem[]): void {
  for (const { origin, path, message } of warnings) {
    const where = [origin, path].filter((part) => part !== "").map(oneLine).join("  ");
    output.say("WARNING", `${output.style.yellow("!")} ${where}${where === "" ? "" : "  "}${oneLine(message)}`);
  }
}
