/**
 * The executor for functions of your own: decide a run, submit it at most once, and look at it again whenever there is
 * occasion.
 *
 * ```ts
 * import { host, openService, runNow } from "./functions/mod.ts";
 *
 * const service = await openService({ host, schedules: [] });
 *
 * async function onUpload(file: string): Promise<string | null> {
 *   const record = await runNow(service, "quick", { inputs: { file }, key: `upload ${file}` });
 *   return record.ownSlug;
 * }
 * ```
 *
 * @module
 */

import { advance } from "../lib/runs/advance.ts";
import { createSubmission } from "../lib/runs/create_submission.ts";
import { prepare } from "../lib/runs/prepare.ts";
import { givenLayer } from "../lib/inputs/layers.ts";
import type { JsonObject } from "../lib/json.ts";
import type { Submission } from "../lib/submission.ts";
import type { Service } from "../lib/scheduler/service.ts";
import { advanceOptions } from "../lib/scheduler/advance_options.ts";

export { advance } from "../lib/runs/advance.ts";
export { execute } from "../lib/runs/execute.ts";
export { DEFAULT_EXECUTE } from "../lib/runs/options.ts";
export { prepare } from "../lib/runs/prepare.ts";
export { openService, type Service } from "../lib/scheduler/service.ts";
export { host } from "./host.ts";
export { tick } from "../lib/scheduler/tick.ts";

const DEADLINE_MS = 30_000;

/**
 * Submits a run and comes back: the ticks, or `advance`, look at it later. The same key is the same run.
 *
 * @throws What `prepare` and `intend` throw.
 */
export async function runNow(
  { deps }: Pick<Service, "deps">,
  workflow: string,
  { inputs = {}, key }: { readonly inputs?: JsonObject; readonly key: string },
): Promise<Submission> {
  using deadline = deps.clock.timeout(DEADLINE_MS);
  const { signal } = deadline;
  const layers = [givenLayer("inputs", inputs)];
  const spec = { workflow, layers, preset: null, displayName: null, isTrusted: false, checking: "lenient" } as const;
  const { request } = await prepare(deps, spec, { signal });
  const record = await createSubmission(deps, request, {
    signal,
    isWaiting: false,
    idempotencyKey: { text: key, policy: "attach" },
  });
  const [turn] = await advance(deps, [record], advanceOptions(signal));
  return turn?.submission ?? record;
}
