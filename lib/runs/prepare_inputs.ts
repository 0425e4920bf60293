import { createInputLayer } from "../inputs/layers.ts";
import type { JsonObject } from "../json.ts";
import type { Abortable } from "../platform/client.ts";
import { problemText } from "../problem.ts";
import type { RunRequest } from "../submission.ts";
import type { Deps } from "./deps.ts";
import type { Given } from "./options.ts";
import { prepare, type RunSpec } from "./prepare.ts";

/** A run from code: its inputs and the other members of {@link RunSpec}, each with a default. */
export interface RunInputs extends Given<Pick<RunSpec, "preset" | "displayName" | "isTrusted" | "checking">> {
  /** By default none. */
  readonly inputs?: JsonObject | undefined;
}

/**
 * {@link prepare} with inputs from code. Warnings about them, and what was chosen for the caller, go to the log.
 *
 * @throws The errors of `prepare`.
 */
export async function prepareInputs(
  deps: Pick<Deps, "client" | "log">,
  workflow: string,
  { inputs = {}, preset = null, displayName = null, isTrusted = false, checking = "lenient" }: RunInputs,
  options: Pick<Abortable, "signal" | "retry">,
): Promise<RunRequest> {
  const layers = [createInputLayer("inputs", inputs)];
  const spec = { workflow, layers, preset, displayName, isTrusted, checking };
  const { request, warnings, notes } = await prepare(deps, spec, options);
  for (const note of notes) deps.log("INFO", `${workflow}: ${note}`);
  for (const warning of warnings) deps.log("WARNING", `${workflow}: ${problemText(warning)}`);
  return request;
}
