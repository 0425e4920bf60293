/** Results that stdout cannot take are named on stderr: their runs exist. */

import type { RunResult } from "../../result.ts";
import { LocalFailure, OutputFailed } from "../context.ts";
import type { Output } from "../output.ts";
import { runName, watchCommand } from "./run_lines.ts";

/** @throws LocalFailure when stdout cannot be written. */
export async function writeResults(
  output: Output,
  results: readonly RunResult[],
  write: () => void | Promise<void>,
): Promise<void> {
  try {
    await write();
    output.checkEvents();
  } catch (error) {
    if (!(error instanceof OutputFailed)) throw error;
    const states = results.map((result) => `\nRun ${runName(result)}: ${result.status}`);
    throw new LocalFailure(`${error.message}${states.join("")}`, {
      hint: results.map((result) => `Show it again: ${watchCommand(result)}`).join("\n"),
      submitted: results.some(({ submitted }) => submitted === "yes") ? "yes" : "no",
      cause: error,
    });
  }
}
