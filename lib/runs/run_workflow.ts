import { abortable } from "../abortable.ts";
import { systemClock } from "../clock.ts";
import { InvalidInputs } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { checkJsonObject, describeType } from "../inputs/check_json.ts";
import { createInputLayer } from "../inputs/merge.ts";
import type { JsonObject } from "../json.ts";
import { silentLog } from "../log.ts";
import type { Abortable } from "../platform/client.ts";
import { createClient } from "../platform/create_client.ts";
import { findCredential } from "../platform/credentials/credentials.ts";
import type { CredentialOptions } from "../platform/credentials/sources.ts";
import { type Problem, problemText } from "../problem.ts";
import type { RunResult } from "../result.ts";
import { memoryRunStore } from "../store/memory_kv.ts";
import type { RunRequest } from "../submission.ts";
import { systemEnv, systemRandom } from "../system.ts";
import type { Deps } from "./deps.ts";
import { execute, toEnd } from "./execute.ts";
import { type ExecuteOptions, executeOptions, type Given } from "./options.ts";
import { prepare, type RunSpec } from "./prepare.ts";

/** Options of {@link runWorkflow}. */
export interface RunWorkflowOptions extends RunInputs, Given<ExecuteOptions> {
  /** Called after each poll. What it returns is waited for. */
  readonly onStatus?: ((event: Extract<RunEvent, { type: "status" }>) => unknown) | undefined;
  /** Called for every event. What it returns is waited for. */
  readonly onEvent?: ((event: RunEvent) => unknown) | undefined;
  /**
   * Replaces the defaults of {@link defaultDeps}, like a store that lasts, `openRunStore("runs.db")`: opened once for all
   * calls, and closed by the caller.
   */
  readonly deps?: Given<Deps> | undefined;
}

const OWN_NAMES = ["inputs", "preset", "displayName", "isTrusted", "checking", "onStatus", "onEvent", "deps"] as const;

/**
 * Submits a workflow and tracks its run to the end, with callbacks instead of a generator. A failed run is a result.
 *
 * @param workflow Its name in the account.
 * @throws The errors of `defaultDeps`, `prepare`, `execute` and the callbacks; the message of InvalidInputs contains its
 * problems.
 */
export async function runWorkflow(
  workflow: string,
  settings: RunWorkflowOptions = {},
): Promise<RunResult> {
  const options = executeOptions(settings, OWN_NAMES satisfies readonly (keyof RunWorkflowOptions)[]);
  const { onStatus, onEvent, deps: given } = settings;
  for (const [name, callback] of Object.entries({ onStatus, onEvent })) {
    if (callback === undefined || typeof callback === "function") continue;
    throw new TypeError(`${name} must be a function: got ${describeType(callback)}`);
  }
  const deps = await defaultDeps(given);
  const { signal, submitTimeoutMs: retry } = options;
  const request = await prepareInputs(deps, workflow, settings, { signal, retry }).catch(withProblems);
  return await toEnd(execute(deps, request, options), async (event) => {
    const called = Promise.all([event.type === "status" && onStatus?.(event), Promise.try(() => onEvent?.(event))]);
    await abortable(called, signal);
  });
}

/** An error that the caller does not catch is printed without its problems. */
function withProblems(error: unknown): never {
  if (!(error instanceof InvalidInputs)) throw error;
  const { message, problems, ...options } = error;
  throw new InvalidInputs([message, ...problems.map(problemText)].join("\n  "), problems, options);
}

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
  const problems: Problem[] = [];
  checkJsonObject(inputs, { path: "", report: (path, message) => problems.push({ origin: "inputs", path, message }) });
  if (problems.length > 0) throw new InvalidInputs(`Cannot run ${workflow}: its inputs are not JSON`, problems);
  const spec = { workflow, layers: [createInputLayer("inputs", inputs)], preset, displayName, isTrusted, checking };
  const { request, warnings, notes } = await prepare(deps, spec, options);
  for (const note of notes) deps.log("INFO", `${workflow}: ${note}`);
  for (const warning of warnings) deps.log("WARNING", `${workflow}: ${problemText(warning)}`);
  return request;
}

/**
 * The dependencies for a program of your own: what is not given is the machine's clock, strong random numbers, no log, a
 * store that lasts as long as the process, and a client with the credential that {@link findCredential} finds in the
 * environment.
 *
 * @throws CredentialError without a usable credential.
 */
export async function defaultDeps(given: Given<Deps> = {}, options: CredentialOptions = {}): Promise<Deps> {
  const { clock = systemClock, random = systemRandom, log = silentLog, store = memoryRunStore() } = given;
  const parts = { clock, random, log, store };
  if (given.client !== undefined) return { ...parts, client: given.client };
  const credential = await findCredential({ env: systemEnv, readTextFile: Deno.readTextFile, clock, log }, options);
  return { ...parts, client: createClient({ ...parts, credential, fetch: globalThis.fetch }) };
}
