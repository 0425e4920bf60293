/**
 * API for your own functions: submit a run at most once, and poll it whenever your function is called.
 *
 * ```ts
 * import { openDeps, runNow } from "./functions/mod.ts";
 *
 * const deps = await openDeps("uploads.db");
 *
 * async function onUpload(file: string): Promise<string | null> {
 *   const submission = await runNow(deps, "quick", { inputs: { file }, key: `upload ${file}` });
 *   return submission.ownSlug;
 * }
 * ```
 *
 * @module
 */

import { advance } from "../lib/runs/advance.ts";
import { createSubmission } from "../lib/runs/create_submission.ts";
import { defaultDeps } from "../lib/runs/default_deps.ts";
import type { Deps } from "../lib/runs/deps.ts";
import { prepare } from "../lib/runs/prepare.ts";
import { createInputLayer } from "../lib/inputs/layers.ts";
import type { JsonObject } from "../lib/json.ts";
import { advanceOptions } from "../lib/scheduler/service.ts";
import { openRunStore } from "../lib/store/open_kv.ts";
import type { Submission } from "../lib/submission.ts";
import { host } from "./host.ts";

export { advance } from "../lib/runs/advance.ts";
export type { AdvanceOptions, AdvanceResult, Experience } from "../lib/runs/advance_result.ts";
export { execute } from "../lib/runs/execute.ts";
export { DEFAULT_EXECUTE } from "../lib/runs/options.ts";
export { prepare } from "../lib/runs/prepare.ts";

const DEADLINE_MS = 30_000;

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
 * key attaches to the same run.
 *
 * @throws The errors of `prepare` and `createSubmission`.
 */
export async function runNow(
  deps: Deps,
  workflow: string,
  { inputs = {}, key }: { readonly inputs?: JsonObject; readonly key: string },
): Promise<Submission> {
  using deadline = deps.clock.timeout(DEADLINE_MS);
  const { signal } = deadline;
  const layers = [createInputLayer("inputs", inputs)];
  const spec = { workflow, layers, preset: null, displayName: null, isTrusted: false, checking: "lenient" } as const;
  const { request } = await prepare(deps, spec, { signal });
  const submission = await createSubmission(deps, request, {
    signal,
    isWaiting: false,
    // Ticks poll it, as they do for runs that are started over HTTP.
    origin: { type: "http" },
    idempotencyKey: { text: key, policy: "attach" },
  });
  const [result] = await advance(deps, [submission], advanceOptions(signal));
  return result?.submission ?? submission;
}
