/**
 * Simultaneous submits with one idempotency key, on a server that does not refuse a taken slug: each may have started a
 * run. All clients choose the same one, the oldest, and cancel the others.
 */

import { type IdempotencyKeyConflict, RunnerError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import type { Run } from "../run.ts";
import type { ActiveSubmission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { type AdvanceOptions, type AdvanceResult, capabilitiesOf, recordObservation } from "./advance_result.ts";
import { cancelRun } from "./cancel.ts";
import { idempotencyKeyConflict } from "./idempotency.ts";
import { listRunsWithTag } from "./search.ts";
import { hasOtherInputs } from "./slug.ts";
import { resultWithoutRun, runIdOf, toRunResult } from "./view.ts";

/** Other clients searched before our run was visible; this long after it started, they have started theirs. */
export const DUPLICATES_VISIBLE_MS = 2_000;

/** After the list could not be read. */
const RETRY_MS = 5_000;

/** Later, the other clients have cancelled what was to be cancelled. */
const MAX_AGE_MS = 10 * 60_000;

/** True until a poll was made {@link DUPLICATES_VISIBLE_MS} after the start of a run with an idempotency key. */
export function mayHaveDuplicates(
  { idempotencyKey: key, startedAtMs, lastPolledAtMs }: ActiveSubmission,
  nowMs: number,
): boolean {
  return key !== null && lastPolledAtMs - startedAtMs < DUPLICATES_VISIBLE_MS && nowMs - startedAtMs < MAX_AGE_MS;
}

/** True if the server itself ensures that a key starts one run. */
export async function refusesDuplicates(deps: Pick<Deps, "store" | "log">, host: string): Promise<boolean> {
  const { keepsSlug, refusesDuplicateSlug } = await capabilitiesOf(deps, host);
  return keepsSlug === true && refusesDuplicateSlug === true;
}

/**
 * Looks for other runs with the submission's key and settles which one remains. Every client does the same, so it does
 * not matter which of them is still alive.
 *
 * @returns `undefined` if the submission keeps its run. Otherwise the submission, which is to be advanced again later, has
 * changed to the oldest run, or has ended: with an unknown outcome if more than one run may remain, with
 * IdempotencyKeyConflict if the oldest has different inputs.
 */
export async function settleDuplicates(
  deps: Deps,
  submission: ActiveSubmission,
  options: AdvanceOptions,
): Promise<AdvanceResult | undefined> {
  if (await refusesDuplicates(deps, submission.owner.host)) return undefined;
  const nowMs = deps.clock.now();
  const visibleAtMs = submission.startedAtMs + DUPLICATES_VISIBLE_MS;
  // Not even a run that has ended may be reported before.
  if (nowMs < visibleAtMs) return { submission: { ...submission, nextPollAtMs: visibleAtMs }, events: [] };
  try {
    return await settle(deps, submission, options);
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    const retryAtMs = nowMs + RETRY_MS;
    if (retryAtMs - submission.startedAtMs < MAX_AGE_MS) {
      return { submission: { ...submission, nextPollAtMs: retryAtMs }, events: [], error };
    }
    return await endUnknown(deps, submission, `other runs with its key cannot be ruled out: ${error.message}`);
  }
}

async function settle(
  deps: Deps,
  submission: ActiveSubmission,
  options: AdvanceOptions,
): Promise<AdvanceResult | undefined> {
  const { signal } = options;
  const [oldest, ...duplicates] = await listRunsWithTag(deps, submission, { startedWith: submission.run, signal });
  if (oldest === undefined || duplicates.length === 0) return undefined;
  if (duplicates.some(({ slug }) => slug === null || slug === oldest.slug)) {
    return await endUnknown(deps, submission, `${duplicates.length + 1} runs have the slug ${oldest.slug}`);
  }

  const events: RunEvent[] = [];
  for (const duplicate of duplicates) {
    // A client with different inputs cancels its own run.
    if (hasOtherInputs(duplicate.displayName, submission)) continue;
    const cancelled = await cancelRun(deps, runIdOf(duplicate, submission.request.workflow), options);
    if (cancelled.status !== "cancelled" && cancelled.platformStatus !== "canceling") {
      return await endUnknown(deps, submission, `run ${duplicate.slug} has the same key, and is ${cancelled.status}`);
    }
    events.push({
      type: "duplicate-cancelled",
      submissionId: submission.submissionId,
      atMs: deps.clock.now(),
      slug: duplicate.slug ?? "",
      keptSlug: oldest.slug ?? "",
    });
  }
  if (hasOtherInputs(oldest.displayName, submission)) {
    return { ...await endConflict(deps, submission, oldest), events };
  }
  if (oldest.slug === submission.run.slug) return undefined;
  return {
    submission: await recordObservation(deps, submission, {
      type: "polled",
      run: oldest,
      runId: runIdOf(oldest, submission.request.workflow),
      pollAtMs: deps.clock.now(),
    }),
    events,
    wasAdvancedElsewhere: true,
  };
}

async function endConflict(
  deps: Deps,
  submission: ActiveSubmission,
  oldest: Run,
): Promise<{ readonly submission: AdvanceResult["submission"]; readonly error: IdempotencyKeyConflict }> {
  const error = idempotencyKeyConflict(submission, oldest);
  const result = toRunResult(submission.run, {
    kind: "cancelled",
    status: "cancelled",
    submitted: "yes",
    message: error.message,
  });
  return { submission: await recordObservation(deps, submission, { type: "finished", result }), error };
}

async function endUnknown(deps: Deps, submission: ActiveSubmission, detail: string): Promise<AdvanceResult> {
  const { workflow } = submission.request;
  const result = resultWithoutRun(
    workflow,
    submission.run.slug,
    `Outcome unknown: more than one run may have been started (${detail}); check the runs of ${workflow} on the platform`,
  );
  return { submission: await recordObservation(deps, submission, { type: "finished", result }), events: [] };
}
