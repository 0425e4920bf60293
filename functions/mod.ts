/**
 * API for your own functions: submit a run at most once, and poll it whenever your function is called.
 *
 * ```ts
 * import { host, openService, runNow } from "./functions/mod.ts";
 *
 * const service = await openService({ host, schedules: [], store: "uploads.db" });
 *
 * async function onUpload(file: string): Promise<string | null> {
 *   const submission = await runNow(service, "quick", { inputs: { file }, key: `upload ${file}` });
 *   return submission.ownSlug;
 * }
 * ```
 *
 * @module
 */

import { advance } from "../lib/runs/advance.ts";
import { createSubmission } from "../lib/runs/create_submission.ts";
import { prepare } from "../lib/runs/prepare.ts";
import { createInputLayer } from "../lib/inputs/layers.ts";
import type { JsonObject } from "../lib/json.ts";
import type { Submission } from "../lib/submission.ts";
import type { Service } from "../lib/scheduler/service.ts";
import { advanceOptions } from "../lib/scheduler/service.ts";

export { advance } from "../lib/runs/advance.ts";
export { execute } from "../lib/runs/execute.ts";
export { DEFAULT_EXECUTE } from "../lib/runs/options.ts";
export { prepare } from "../lib/runs/prepare.ts";
export { openService, type Service } from "../lib/scheduler/service.ts";
export { host } from "./host.ts";
export { tick } from "../lib/scheduler/tick.ts";

const DEADLINE_MS = 30_000;

/**
 * Submits a run and returns without waiting for it: later ticks, or calls of `advance`, poll it. A call with the same
 * key attaches to the same run.
 *
 * @throws The errors of `prepare` and `createSubmission`.
 */
export async function runNow(
  { deps }: Pick<Service, "deps">,
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
