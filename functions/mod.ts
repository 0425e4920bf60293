/**
 * The executor for functions of your own: decide a run, submit it at most once, and look at it again whenever there is
 * occasion.
 *
 * ```ts
 * import { openCloud, runNow } from "./functions/mod.ts";
 *
 * const cloud = await openCloud({ schedules: [] });
 *
 * async function onUpload(file: string): Promise<string | null> {
 *   const record = await runNow(cloud, "quick", { inputs: { file }, key: `upload ${file}` });
 *   return record.ownSlug;
 * }
 * ```
 *
 * @module
 */

import { advance } from "../lib/executor/advance.ts";
import { intend } from "../lib/executor/intend.ts";
import { prepare } from "../lib/executor/prepare.ts";
import { givenLayer } from "../lib/inputs/layers.ts";
import type { JsonObject, RunRecord } from "../lib/model.ts";
import type { Cloud } from "./cloud.ts";
import { turnOptions } from "./turn_options.ts";

export { advance } from "../lib/executor/advance.ts";
export { DEFAULT_EXECUTE, execute } from "../lib/executor/execute.ts";
export { prepare } from "../lib/executor/prepare.ts";
export { type Cloud, openCloud } from "./cloud.ts";
export { tick } from "./tick.ts";

const DEADLINE_MS = 30_000;

/**
 * Submits a run and comes back: the ticks, or `advance`, look at it later. The same key is the same run.
 *
 * @throws What `prepare` and `intend` throw.
 */
export async function runNow(
  { deps }: Pick<Cloud, "deps">,
  workflow: string,
  { inputs = {}, key }: { readonly inputs?: JsonObject; readonly key: string },
): Promise<RunRecord> {
  using deadline = deps.clock.timeout(DEADLINE_MS);
  const { signal } = deadline;
  const layers = [givenLayer("inputs", inputs)];
  const wish = { workflow, layers, preset: null, displayName: null, isTrusted: false, checking: "lenient" } as const;
  const { request } = await prepare(deps, wish, { signal });
  const record = await intend(deps, request, { signal, isWaiting: false, key: { text: key, policy: "attach" } });
  const [turn] = await advance(deps, [record], turnOptions(signal));
  return turn?.record ?? record;
}
