/**
 * API for your own functions: submit a run at most once, and poll it whenever your function is called.
 *
 * ```ts
 * import { advance, advanceOptions, openDeps, runNow } from "./functions/mod.ts";
 *
 * const deps = await openDeps("uploads.db");
 *
 * async function onUpload(file: string): Promise<string | null> {
 *   const submission = await runNow(deps, "quick", { inputs: { file }, key: `upload ${file}` });
 *   return submission.ownSlug;
 * }
 *
 * // Called every minute, unless the service has the same store: its ticks do this.
 * async function pollRuns(): Promise<void> {
 *   const open = await deps.store.listOpen("service");
 *   await advance(deps, open, advanceOptions(AbortSignal.timeout(50_000)));
 * }
 * ```
 *
 * @module
 */

import { fallbackTo } from "../lib/errors.ts";
import { advance } from "../lib/runs/advance.ts";
import { createSubmission } from "../lib/runs/create_submission.ts";
import { defaultDeps, prepareInputs, type RunInputs } from "../lib/runs/run_workflow.ts";
import type { Deps } from "../lib/runs/deps.ts";
import { advanceOptions } from "../lib/scheduler/service.ts";
import { storeFailureTo } from "../lib/log.ts";
import { openRunStore } from "../lib/store/open_kv.ts";
import type { Submission } from "../lib/submission.ts";
import { host } from "./host.ts";

export { advance } from "../lib/runs/advance.ts";
export { advanceOptions } from "../lib/scheduler/service.ts";
export type { AdvanceOptions, AdvanceResult, Experience } from "../lib/runs/advance_result.ts";
export { execute } from "../lib/runs/execute.ts";
export { DEFAULT_EXECUTE } from "../lib/runs/options.ts";
export { prepare } from "../lib/runs/prepare.ts";
export type { RunInputs } from "../lib/runs/run_workflow.ts";

/**
 * Opens a store by its name, and finds the API key as the service does.
 *
 * @param store Like `deno-kv:`; the service's own, if its ticks are to poll the runs.
 * @throws CredentialError without a key; UsageError for an unknown store.
 */
export async function openDeps(store: string): Promise<Deps> {
  const { env, log } = host;
  const runStore = openRunStore(store, { onSetAside: (message) => log("WARNING", message) });
  return await defaultDeps({ log, store: runStore }, { allowHost: env("PW_ALLOW_HOST") });
}

/**
 * Submits a run and returns without waiting for it: later ticks, or calls of `advance`, poll it. A call with the same
 * key attaches to the same run. One with secrets, which are not stored, is rejected later if it can't be sent now.
 *
 * @throws The errors of `prepare` and `createSubmission`.
 */
export async function runNow(
  deps: Deps,
  workflow: string,
  { key, ...settings }: RunInputs & { readonly key: string },
): Promise<Submission> {
  using deadline = deps.clock.timeout(30_000);
  const { signal } = deadline;
  const request = await prepareInputs(deps, workflow, settings, { signal });
  const submission = await createSubmission(deps, request, {
    signal,
    retry: "some",
    isWaiting: false,
    // Ticks poll it, as they do for runs that are started over HTTP.
    origin: { type: "http" },
    idempotencyKey: { text: key, policy: "attach" },
  });
  // It is stored: what can't be sent now is sent later, and what is not answered in time is searched for.
  const [result] = await advance(deps, [submission], advanceOptions(signal)).catch((error: unknown) =>
    error === signal.reason ? [] : fallbackTo([], "not_submitted")(error)
  );
  const stored = () => deps.store.get(submission.submissionId).catch(storeFailureTo(deps.log));
  return result?.submission ?? await stored() ?? submission;
}
