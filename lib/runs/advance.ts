import { NotSubmitted, RunnerError } from "../errors.ts";
import { WriteConflict } from "../store/run_store.ts";
import type { Run } from "../run.ts";
import { type ActiveSubmission, isOpen, type PendingSubmission, type Submission } from "../submission.ts";
import type { Deps } from "./deps.ts";
import { mayHaveDuplicates, settleDuplicates } from "./duplicates.ts";
import { inParallel } from "./in_parallel.ts";
import { pageRuns } from "../platform/pager.ts";
import { applyRun, pollRun } from "./poll.ts";
import { reconcile } from "./reconcile.ts";
import { redactingDeps, withoutSecretsOf } from "./redacting.ts";
import { submitPending } from "./submit.ts";
import { type AdvanceOptions, type AdvanceResult, withKnownInputs } from "./advance_result.ts";

/**
 * From this many runs on, one list request replaces polling each running run. On an account with many other runs, listing
 * them all would take longer.
 */
const MIN_RUNS_FOR_LIST = 4;

const MAX_CONCURRENT_POLLS = 4;

/**
 * Performs one step for each submission that is due: submits it, reconciles it or polls its run, and stores the result.
 * Submissions that have ended or are not due are returned unchanged.
 *
 * @returns One result per submission, in the same order.
 * @throws NotSubmitted when a submission cannot be stored before it is sent; the signal's reason.
 */
export async function advance(
  deps: Deps,
  submissions: readonly Submission[],
  options: AdvanceOptions,
): Promise<AdvanceResult[]> {
  const nowMs = deps.clock.now();
  const results = submissions.map((submission): AdvanceResult => ({ submission, events: [] }));
  const due = submissions.map((submission, index) => ({ submission, index }))
    .filter(({ submission }) => isOpen(submission) && submission.nextPollAtMs <= nowMs);

  const active = due.filter((item): item is { submission: ActiveSubmission; index: number } =>
    item.submission.state === "active"
  );
  const listed = await listRunning(deps, active.map(({ submission }) => submission), options);
  await inParallel(active, MAX_CONCURRENT_POLLS, async ({ submission, index }) => {
    if (mayHaveDuplicates(submission, nowMs)) {
      const settled = await settleDuplicates(redactingDeps(deps, submission), submission, options);
      if (settled !== undefined) {
        results[index] = settled;
        return;
      }
    }
    const run = submission.runId.type === "slug" ? listed.get(submission.runId.slug) : undefined;
    results[index] = run === undefined
      ? await pollRun(redactingDeps(deps, submission), submission, options)
      : await applyRun(deps, submission, withoutSecretsOf(submission, run), options);
  });

  // Sequential: the platform rejects simultaneous launches of one workflow.
  for (const { submission, index } of due) {
    if (submission.state === "pending") results[index] = await submitUnlessConflict(deps, submission, options);
    if (submission.state === "unconfirmed") {
      results[index] = await reconcile(redactingDeps(deps, submission), submission, options);
    }
  }
  return results;
}

/** Another process may be sending the same submission: the one that writes first sends it. */
async function submitUnlessConflict(
  deps: Deps,
  submission: PendingSubmission,
  options: AdvanceOptions,
): Promise<AdvanceResult> {
  try {
    return await submitPending(redactingDeps(deps, submission), submission, options);
  } catch (error) {
    if (!(error instanceof WriteConflict)) throw error;
    const stored = await deps.store.get(submission.submissionId);
    if (stored === undefined) {
      throw new NotSubmitted(
        `Cannot submit ${submission.request.workflow}: its record was removed from the run store`,
        {
          hint: "Nothing was started: trying again is safe",
          cause: error,
        },
      );
    }
    return { submission: withKnownInputs(stored, submission), events: [], wasAdvancedElsewhere: true };
  }
}

/** The runs that are listed as running, by slug; empty when listing fails, so that each run is polled. */
async function listRunning(
  { client }: Pick<Deps, "client">,
  submissions: readonly ActiveSubmission[],
  { signal }: AdvanceOptions,
): Promise<ReadonlyMap<string, Run>> {
  const running = new Map<string, Run>();
  const slugs = new Set(submissions.flatMap(({ runId }) => runId.type === "slug" ? [runId.slug] : []));
  if (slugs.size < MIN_RUNS_FOR_LIST) return running;
  try {
    const maxPages = Math.ceil(slugs.size / MIN_RUNS_FOR_LIST);
    const query = { action: "list running runs", statuses: ["running"], maxPages, signal, retry: "none" } as const;
    for await (const { runs } of pageRuns(client, query)) {
      for (const run of runs) {
        if (run.slug !== null && slugs.has(run.slug) && run.status === "running") running.set(run.slug, run);
      }
      if (running.size === slugs.size) break;
    }
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
  }
  return running;
}
