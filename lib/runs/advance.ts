/** One turn for many records: each that is due gets the one next thing done for it. */

import { NotSubmitted, RunnerError } from "../errors.ts";
import { WriteConflict } from "../store/run_store.ts";
import type { Run } from "../run.ts";
import type { ActiveSubmission, PendingSubmission, Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { inParallel } from "./in_parallel.ts";
import { isEnded } from "./transition.ts";
import { applyListedRun, look } from "./poll.ts";
import { reconcile } from "./reconcile.ts";
import { submit } from "./submit.ts";
import { type AdvanceOptions, type AdvanceResult, withInputs } from "./advance_result.ts";

/** From so many on, one list answers for all that still go on. */
const LIST_FROM = 4;
const PAGE_SIZE = 100;
const MAX_PAGES = 100;

/** So many runs are asked for by name at once. */
const AT_ONCE = 4;

/**
 * Submits what is due to be submitted, looks at what is due to be looked at, writes down what it learned and says what
 * happened. What is over or not due yet comes back as it was.
 *
 * @returns One turn per record, in their order.
 * @throws NotSubmitted when a submit could not be written down first; the signal's reason.
 */
export async function advance(
  deps: Deps,
  submissions: readonly Submission[],
  options: AdvanceOptions,
): Promise<AdvanceResult[]> {
  const nowMs = deps.clock.now();
  const results = submissions.map((submission): AdvanceResult => ({ submission, events: [] }));
  const due = submissions.map((submission, index) => ({ submission, index }))
    .filter(({ submission }) => !isEnded(submission) && submission.nextPollAtMs <= nowMs);

  const known = due.filter((item): item is { submission: ActiveSubmission; index: number } =>
    item.submission.state === "active"
  );
  const listed = await stillGoing(deps, known.map(({ submission }) => submission), options);
  await inParallel(known, AT_ONCE, async ({ submission, index }) => {
    const run = submission.runId.type === "slug" ? listed.get(submission.runId.slug) : undefined;
    results[index] = run === undefined
      ? await look(deps, submission, options)
      : await applyListedRun(deps, submission, run, options);
  });

  // One after the other: launches of one workflow at the same time are refused by the platform.
  for (const { submission, index } of due) {
    if (submission.state === "pending") results[index] = await submitUnlessTaken(deps, submission, options);
    if (submission.state === "unconfirmed") results[index] = await reconcile(deps, submission, options);
  }
  return results;
}

/** Another process may be about to send the same record: one of the two writes first, and that one sends. */
async function submitUnlessTaken(
  deps: Deps,
  submission: PendingSubmission,
  options: AdvanceOptions,
): Promise<AdvanceResult> {
  try {
    return await submit(deps, submission, options);
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error;
    const stored = await deps.store.get(submission.submissionId);
    if (stored === undefined) {
      throw new NotSubmitted(`Cannot submit ${submission.request.workflow}: its record was removed from the history`, {
        hint: "Nothing was started: trying again is safe",
        cause: error,
      });
    }
    return { submission: withInputs(stored, submission), events: [], wasAdvancedElsewhere: true };
  }
}

/** The runs that the list shows as running, by slug. An answer that can't be had means that each is asked for by name. */
async function stillGoing(
  { client }: Pick<Deps, "client">,
  submissions: readonly ActiveSubmission[],
  { signal }: AdvanceOptions,
): Promise<ReadonlyMap<string, Run>> {
  const going = new Map<string, Run>();
  const wanted = new Set(submissions.flatMap(({ runId }) => runId.type === "slug" ? [runId.slug] : []));
  if (wanted.size < LIST_FROM) return going;
  try {
    let offset = 0;
    for (let page = 0; page < MAX_PAGES && going.size < wanted.size; page++) {
      const query = { statuses: ["running"], limit: PAGE_SIZE, offset, signal, retry: "none" } as const;
      const { runs, total } = await client.listRuns(query);
      for (const run of runs) {
        if (run.slug !== null && wanted.has(run.slug) && run.status === "running") going.set(run.slug, run);
      }
      offset += runs.length;
      if (runs.length === 0 || offset >= total) break;
    }
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
  }
  return going;
}
