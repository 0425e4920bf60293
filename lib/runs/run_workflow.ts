import { createInputLayer } from "../inputs/layers.ts";
import type { RunEvent } from "../events.ts";
import type { JsonObject } from "../json.ts";
import type { RunResult } from "../result.ts";
import type { Deps } from "./deps.ts";
import { execute, toEnd } from "./execute.ts";
import { DEFAULT_EXECUTE, type ExecuteOptions } from "./options.ts";
import { prepare } from "./prepare.ts";

/** Options of {@link runWorkflow}. */
export interface RunWorkflowOptions extends Partial<ExecuteOptions> {
  /** By default none. */
  readonly inputs?: JsonObject;
  /** Called after each poll. */
  readonly onStatus?: (event: Extract<RunEvent, { type: "status" }>) => void;
  /** Called for every event. */
  readonly onEvent?: (event: RunEvent) => void;
}

/**
 * Submits a workflow and tracks its run to the end, with callbacks instead of a generator. A failed run is a result.
 *
 * @throws The errors of `prepare` and `execute`.
 */
export async function runWorkflow(
  deps: Deps,
  workflow: string,
  { inputs = {}, onStatus, onEvent, ...options }: RunWorkflowOptions = {},
): Promise<RunResult> {
  const { signal = new AbortController().signal } = options;
  const layers = [createInputLayer("inputs", inputs)];
  const spec = { workflow, layers, preset: null, displayName: null, isTrusted: false, checking: "lenient" } as const;
  const { request } = await prepare(deps, spec, { signal });
  return await toEnd(execute(deps, request, { ...DEFAULT_EXECUTE, ...options, signal }), (event) => {
    if (event.type === "status") onStatus?.(event);
    onEvent?.(event);
  });
}
