/** The main job in one call, for whoever uses this as a library and wants callbacks instead of a generator. */

import { givenLayer } from "../inputs/layers.ts";
import type { RunEvent } from "../events.ts";
import type { JsonObject } from "../json.ts";
import type { RunResult } from "../result.ts";
import type { Deps } from "./deps.ts";
import { execute, toEnd } from "./execute.ts";
import { DEFAULT_EXECUTE, type ExecuteOptions } from "./options.ts";
import { prepare } from "./prepare.ts";

/** What the main job in one call is told. */
export interface RunWorkflowOptions extends Partial<ExecuteOptions> {
  /** Merged below nothing: these are the inputs. */
  readonly inputs?: JsonObject;
  /** Called for each look at the run. */
  readonly onStatus?: (event: Extract<RunEvent, { type: "status" }>) => void;
  /** Called for everything that happens. */
  readonly onEvent?: (event: RunEvent) => void;
}

/**
 * Submits a workflow with inputs, follows it to its end and answers with the result. A run that failed is an answer.
 *
 * @throws What kept it from an answer: see `prepare` and `execute`.
 */
export async function runWorkflow(
  deps: Deps,
  workflow: string,
  { inputs = {}, onStatus, onEvent, ...options }: RunWorkflowOptions = {},
): Promise<RunResult> {
  const { signal = new AbortController().signal } = options;
  const layers = [givenLayer("inputs", inputs)];
  const spec = { workflow, layers, preset: null, displayName: null, isTrusted: false, checking: "lenient" } as const;
  const { request } = await prepare(deps, spec, { signal });
  return await toEnd(execute(deps, request, { ...DEFAULT_EXECUTE, ...options, signal }), (event) => {
    if (event.type === "status") onStatus?.(event);
    onEvent?.(event);
  });
}
