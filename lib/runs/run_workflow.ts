import { InvalidInputs } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { problemText } from "../problem.ts";
import type { RunResult } from "../result.ts";
import { defaultDeps } from "./default_deps.ts";
import type { Deps } from "./deps.ts";
import { execute, toEnd } from "./execute.ts";
import { type ExecuteOptions, executeOptions, type Given } from "./options.ts";
import { prepareInputs, type RunInputs } from "./prepare_inputs.ts";

/** Options of {@link runWorkflow}. */
export interface RunWorkflowOptions extends RunInputs, Given<ExecuteOptions> {
  /** Called after each poll. */
  readonly onStatus?: (event: Extract<RunEvent, { type: "status" }>) => void;
  /** Called for every event. */
  readonly onEvent?: (event: RunEvent) => void;
  /** Replaces the defaults of {@link defaultDeps}, like a store that lasts: `{ store: openRunStore("runs.db") }`. */
  readonly deps?: Partial<Deps>;
}

/**
 * Submits a workflow and tracks its run to the end, with callbacks instead of a generator. A failed run is a result.
 *
 * @param workflow Its name in the account.
 * @throws The errors of `defaultDeps`, `prepare` and `execute`; the message of InvalidInputs contains its problems.
 */
export async function runWorkflow(
  workflow: string,
  { onStatus, onEvent, deps: given, ...settings }: RunWorkflowOptions = {},
): Promise<RunResult> {
  const options = executeOptions(settings);
  const deps = await defaultDeps(given);
  const { signal, submitTimeoutMs: retry } = options;
  const request = await prepareInputs(deps, workflow, settings, { signal, retry }).catch(withProblems);
  return await toEnd(execute(deps, request, options), (event) => {
    if (event.type === "status") onStatus?.(event);
    onEvent?.(event);
  });
}

/** An error that the caller does not catch is printed without its problems. */
function withProblems(error: unknown): never {
  if (!(error instanceof InvalidInputs)) throw error;
  const { message, problems, ...options } = error;
  throw new InvalidInputs([message, ...problems.map(problemText)].join("\n  "), problems, options);
}
