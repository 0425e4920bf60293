import { formatRunId } from "../run.ts";
import type { ActiveSubmission, Submission } from "../submission.ts";
import { withoutFuture } from "./clock_jump.ts";
import type { Deps } from "./deps.ts";
import { mayHaveDuplicates, settleDuplicates } from "./duplicates.ts";
import { inParallel } from "../in_parallel.ts";
import { listRunning } from "./list_running.ts";
import { afterFailedPoll, applyRun, pollRun } from "./poll.ts";
import { MAX_RETRY_AFTER_MS } from "./poll_interval.ts";
import { reconcile } from "./reconcile.ts";
import { redactingDeps, withoutSecretsOf } from "./redacting.ts";
import { capabilitiesOf } from "./server_capabilities.ts";
import { submitPending } from "./submit.ts";
import type { AdvanceOptions, AdvanceResult } from "./advance_result.ts";

const MAX_CONCURRENT_POLLS = 8;

/** The clocks of several servers differ by less: what was written later than now is of a clock that has been set back since. */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;

/** Whether the next request for it may be sent. */
export function isDue({ nextPollAtMs, updatedAtMs }: Submission, nowMs: number): boolean {
  return nextPollAtMs <= nowMs || updatedAtMs > nowMs + MAX_CLOCK_SKEW_MS;
}

/**
 * Performs one step for each submission that is due: submits it, reconciles it or polls its run, and stores the result.
 * Submissions that have ended or are not due are returned unchanged.
 *
 * @returns One result per submission, in the same order.
 * @throws NotSubmitted when a submission cannot be stored before it is sent; the signal's reason.
 */
export async function advance(
  deps: Deps,
  given: readonly Submission[],
  options: AdvanceOptions,
): Promise<AdvanceResult[]> {
  const nowMs = deps.clock.now();
  const submissions = given.map((one) =>
    isDue(one, nowMs) ? { ...withoutFuture(one, nowMs), nextPollAtMs: Math.min(one.nextPollAtMs, nowMs) } : one
  );
  const due = new Set(submissions.filter((submission) => isDue(submission, nowMs)));
  const running = [...due].filter((submission) => submission.state === "active");
  const polled = running.length === 0 ? undefined : await pollRunning(deps, running, { ...options, nowMs });
  const results: AdvanceResult[] = [];
  // Sequential: the platform rejects simultaneous launches of one workflow.
  for (const submission of submissions) {
    if (submission.state === "pending" && due.has(submission)) {
      results.push(await submitPending({ deps, submission, options }));
    } else if (submission.state === "unconfirmed" && due.has(submission)) {
      results.push(await reconcile({ deps: redactingDeps(deps, submission), submission, options }));
    } else results.push(polled?.get(submission) ?? { submission, events: [] });
  }
  return results;
}

/** {@link advance} for one submission. */
export async function advanceOne(deps: Deps, submission: Submission, options: AdvanceOptions): Promise<AdvanceResult> {
  const [advanced] = await advance(deps, [submission], options);
  if (advanced === undefined) throw new TypeError("advance() returned no result");
  return advanced;
}

/** One list for many of them, and a request by name for those that the list does not answer for. */
async function pollRunning(
  deps: Deps,
  running: readonly ActiveSubmission[],
  { nowMs, ...options }: AdvanceOptions & { readonly nowMs: number },
): Promise<ReadonlyMap<Submission, AdvanceResult>> {
  const { needsDetail = () => false, findsDuplicatesInList = false, deadlineAtMs = Infinity } = options;
  // The server may have asked another process, which tracks many runs, for a pause. The last poll of a wait is made anyway.
  const { pausedUntilMs = 0 } = await capabilitiesOf(deps, deps.client.host);
  const untilMs = Math.min(pausedUntilMs, deadlineAtMs);
  if (untilMs > nowMs && pausedUntilMs <= nowMs + MAX_RETRY_AFTER_MS) {
    return new Map(running.map((one) => [one, { submission: { ...one, nextPollAtMs: untilMs }, events: [] }]));
  }
  const listable = running.filter((submission) => !needsDetail(submission));
  const isNeeded = findsDuplicatesInList && listable.some((one) => mayHaveDuplicates(one, nowMs));
  const list = await listRunning(deps, listable, { ...options, isNeeded });
  options.onList?.(list.pages, list.error);
  // Where a page could not be read, a run that is missing may be on it: too many for a request each, so those polled longest ago.
  const postponed = new Set(
    list.error === undefined ? [] : listable.filter(({ runId }) => !list.running.has(formatRunId(runId)))
      .sort((one, other) => one.lastPolledAtMs - other.lastPolledAtMs).slice(MAX_CONCURRENT_POLLS),
  );
  const poll = async (submission: ActiveSubmission): Promise<AdvanceResult> => {
    const name = formatRunId(submission.runId);
    const mayHave = findsDuplicatesInList ? list.duplicated.has(name) : mayHaveDuplicates(submission, nowMs);
    const settled = mayHave ? await settleDuplicates(redactingDeps(deps, submission), submission, options) : undefined;
    if (settled !== undefined) return settled;
    const run = list.running.get(name);
    const step = { deps, submission, options };
    if (run !== undefined) return await applyRun(step, withoutSecretsOf(submission, run));
    return list.error !== undefined && postponed.has(submission)
      ? await afterFailedPoll(step, list.error, nowMs)
      : await pollRun(redactingDeps(deps, submission), submission, options);
  };
  const results = new Map<Submission, AdvanceResult>();
  await inParallel(running, MAX_CONCURRENT_POLLS, async (one) => void results.set(one, await poll(one)));
  return results;
}
