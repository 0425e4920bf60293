/**
 * Simultaneous submits with one idempotency key, on a server that does not refuse a taken slug: each may have started a
 * run. All clients choose the same one, the oldest, and cancel the others.
 */

import { BadResponse, expected, RunnerError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { isBeingCancelled, runIdOf } from "../run.ts";
import type { ActiveSubmission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { refusesDuplicates } from "./server_capabilities.ts";
import { type AdvanceOptions, type AdvanceResult, recordStep, type Step } from "./advance_result.ts";
import { cancelRun } from "./cancel.ts";
import { idempotencyKeyConflict } from "./idempotency.ts";
import { withLimit } from "./limit.ts";
import { afterFailedPoll } from "./poll.ts";
import { listRunsWithTag } from "./search.ts";
import { hasOtherInputs } from "./slug.ts";
import { areDuplicatesSettled, DUPLICATES_VISIBLE_MS } from "./transition.ts";
import { resultWithoutRun, toRunResult } from "./view.ts";

/** The list is read soon, to see how late it shows runs. */
const FIRST_LIST_MS = 500;
/** Assumed at most of a list that showed our run when it was first read. */
const MAX_ASSUMED_LAG_MS = 15_000;

/** Later, the other clients have cancelled what was to be cancelled. */
const MAX_AGE_MS = 10 * 60_000;

/** True until it is settled which of the runs with the submission's idempotency key remains. */
export function mayHaveDuplicates(submission: ActiveSubmission, nowMs: number): boolean {
  return !areDuplicatesSettled(submission) && nowMs - submission.startedAtMs < MAX_AGE_MS;
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
  const listAtMs = submission.startedAtMs + FIRST_LIST_MS;
  // Not even a run that has ended may be reported before.
  if (nowMs < listAtMs) return { submission: { ...submission, nextPollAtMs: listAtMs }, events: [] };
  const step = { deps, submission, options };
  const settled = await settle(step).catch(expected(RunnerError));
  if (!(settled instanceof RunnerError)) return settled;
  const failed = await afterFailedPoll(step, settled, nowMs);
  if (failed.submission.nextPollAtMs - submission.startedAtMs < MAX_AGE_MS) return failed;
  return await endUnknown(step, `other runs with its key cannot be ruled out: ${settled.message}`);
}

async function settle(step: Step<ActiveSubmission>): Promise<AdvanceResult | undefined> {
  const { deps, submission, options } = step;
  const { workflow } = submission.request;
  const tagged = await withLimit(options, `find the runs of ${workflow}`, async (signal) => {
    return await listRunsWithTag(deps, submission, { startedWith: submission.run, signal });
  });
  const [oldest, ...duplicates] = tagged;
  // It was listed before, and has been deleted since.
  if (oldest === undefined && submission.listedAtMs !== undefined) return undefined;
  if (oldest === undefined || !tagged.some(({ id }) => id === submission.run.id)) {
    throw new BadResponse(`Cannot find run ${submission.run.slug}: the list does not show it yet`);
  }
  if (duplicates.some(({ slug }) => slug === null || slug === oldest.slug)) {
    return await endUnknown(step, `${duplicates.length + 1} runs have the slug ${oldest.slug}`);
  }

  const events: RunEvent[] = [];
  for (const duplicate of duplicates) {
    // A client with different inputs cancels its own run.
    if (hasOtherInputs(duplicate.displayName, submission)) continue;
    if (submission.listedAtMs !== undefined && isBeingCancelled(duplicate)) continue;
    const cancelled = await cancelRun(deps, runIdOf(duplicate, submission.request.workflow), options);
    if (!isBeingCancelled(cancelled)) {
      const detail = `run ${duplicate.slug} has the same key, and is ${cancelled.status}`;
      return { ...await endUnknown(step, detail), events };
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
    const error = idempotencyKeyConflict(submission, oldest.slug);
    const { message } = error;
    const facts = { kind: "cancelled", status: "cancelled", submitted: "yes", message } as const;
    const result = toRunResult(submission.run, facts);
    return await recordStep(step, { type: "finished", result }, { events, error });
  }
  if (oldest.slug === submission.run.slug) return await listAgain(step, events);
  const runId = runIdOf(oldest, submission.request.workflow);
  const observation = { type: "polled", run: oldest, runId, pollAtMs: deps.clock.now() } as const;
  return await recordStep(step, observation, { events, wasAdvancedElsewhere: true });
}

/**
 * Another client may have submitted before the list showed our run, and the list shows that one's as late again.
 *
 * @returns `undefined` once no other run can appear.
 */
async function listAgain(step: Step<ActiveSubmission>, events: readonly RunEvent[]) {
  const { startedAtMs, unreachableSinceMs, listedAtMs } = step.submission;
  const nowMs = step.deps.clock.now();
  const lagMs = Math.max(0, (listedAtMs ?? nowMs) - startedAtMs - FIRST_LIST_MS);
  const wasLate = listedAtMs !== undefined || unreachableSinceMs !== null;
  const maxLagMs = wasLate ? lagMs : Math.min(lagMs, MAX_ASSUMED_LAG_MS);
  const pollAtMs = startedAtMs + DUPLICATES_VISIBLE_MS + 2 * maxLagMs;
  if (nowMs >= pollAtMs) return undefined;
  return await recordStep(step, { type: "listed", pollAtMs }, { events });
}

async function endUnknown(step: Step<ActiveSubmission>, detail: string): Promise<AdvanceResult> {
  const { request: { workflow }, run } = step.submission;
  const result = resultWithoutRun(
    workflow,
    run.slug,
    `Outcome unknown: more than one run may have been started (${detail}); check the runs of ${workflow} on the platform`,
  );
  return await recordStep(step, { type: "finished", result });
}
