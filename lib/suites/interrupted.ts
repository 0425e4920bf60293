/** What is reported of the cases whose runs have not ended when their suite does. */

import { storeFailureTo } from "../log.ts";
import { reportAttempt } from "../reports/report.ts";
import { storeQuietly } from "../runs/batch_limits.ts";
import type { BatchOutcome, BatchTask } from "../runs/batch_task.ts";
import { endOfSubmission, type TaskEnd } from "../runs/retry_policy.ts";
import type { Deps } from "../runs/deps.ts";
import { isUnsent, runNameOf, slugOf } from "../submission.ts";
import { cancelQuietly, type JudgeOptions } from "./attempt.ts";
import { type CaseState, notRun } from "./case_state.ts";
import type { Judgement } from "./judge.ts";
import { previousCases, type SuiteSession } from "./session.ts";

/** As the store shows them, which knows more than the tasks did when they were cut off. */
export async function endsOfInterrupted(
  { store, log }: Pick<Deps, "store" | "log">,
  tasks: readonly BatchTask[],
  sessionId: string,
): Promise<readonly TaskEnd[]> {
  const stored = await previousCases(store, sessionId).catch(storeFailureTo(log));
  return tasks.map(({ key }): TaskEnd => {
    const { last = null, attempt = 0 } = stored?.get(key)?.previous ?? {};
    if (last === null || isUnsent(last)) return { type: "not-submitted" };
    return endOfSubmission(last, { attempt }) ?? { type: "open", attempt, submission: last };
  });
}

export type CutOffOptions = JudgeOptions & Pick<SuiteSession, "previous">;

/** Adds the attempt that was cut off to the case. */
export function judgeInterrupted(state: CaseState, end: TaskEnd, options: CutOffOptions): Judgement {
  if (end.type !== "open" && end.type !== "result") return notRun("the suite was interrupted");
  const name = nameIn(end);
  const what = !isRunKnown(end)
    ? `whether it has started ${name} is not known, and --resume finds out`
    : end.type === "result"
    ? `its run ${name} has ended, and --resume judges it`
    : `its run ${name} continues, and --resume tracks it`;
  return cutOff(state, end, { reason: `the suite was interrupted: ${what}`, verdict: "not-judged" }, options);
}

/** Of a suite that ended by itself. At its deadline, and where it was cancelled, the run is cancelled. */
export async function judgeStopped(
  deps: Deps,
  state: CaseState,
  end: TaskEnd,
  { stopped, error, options }: BatchOutcome & { readonly options: CutOffOptions },
): Promise<Judgement> {
  const stop = stopped?.reason ?? "";
  const why = error?.message ?? STOP_TEXTS[stop] ?? "the suite was stopped";
  if (end.type !== "open" || isUnsent(end.submission)) return notRun(why);
  const { submission } = end;
  const name = nameIn(end);
  if (error !== null || (stop !== "deadline" && stop !== "cancelled")) {
    return cutOff(state, end, { reason: `the end of its run ${name} was not seen: ${why}`, verdict: "error" }, options);
  }
  const unjudged = (reason: string, isCancelled = false) =>
    cutOff(state, end, { reason, verdict: "not-judged", isCancelled }, options);
  if (submission.state !== "active") return unjudged(`${why}, and whether ${name} has started is not known`);
  const when = stop === "deadline" ? "at the deadline" : "when the suite was cancelled";
  const reason = `still running ${when}, and cancelled`;
  // Before the request: after it, the platform shows only that the run was cancelled.
  const judged = { of: "cancelled", verdict: "not-judged", isFailure: false, reason, cause: null } as const;
  const { origin } = submission;
  if ("batchId" in origin) await storeQuietly(deps, { ...submission, origin: { ...origin, judged } });
  const run = await cancelQuietly(deps, submission.runId, options.signal);
  const hasEnded = run?.status === "completed" || run?.status === "failed";
  if (run !== null && !hasEnded) {
    state.runs.push({ runId: submission.runId, submissionId: submission.submissionId, isPassed: false });
    return unjudged(reason, true);
  }
  return unjudged(`${why}, and its run ${name} ${hasEnded ? "has ended unjudged" : "could not be cancelled"}`);
}

const STOP_TEXTS: Readonly<Record<string, string>> = {
  "deadline": "the deadline of the suite had passed",
  "fail-fast": "another case failed before (--fail-fast)",
  "max-failures": "too many cases failed before (--max-failures)",
  "cancelled": "the suite was cancelled",
};

type CutOff = Extract<TaskEnd, { type: "open" | "result" }>;

function slugIn(end: CutOff): string | null {
  return end.type === "open" ? slugOf(end.submission) : end.result.slug;
}

/** On legacy servers, runs have numbers, and those that are not known yet have no name. */
function nameIn(end: CutOff): string {
  if (end.type === "open") return runNameOf(end.submission) ?? `a run of ${end.submission.request.workflow}`;
  return slugIn(end) ?? `${end.result.workflowName}#${end.result.runNumber}`;
}

/** Whether a run was started, as far as a search has found it. */
function isRunKnown(end: CutOff): boolean {
  return end.type === "result" ? end.result.kind !== "submit_unknown" : end.submission.state === "active";
}

/** Adds an attempt whose end was not seen, or not judged. */
function cutOff(
  state: CaseState,
  end: CutOff,
  { reason, isCancelled = false, verdict }: Pick<Judgement, "verdict"> & {
    readonly reason: string;
    readonly isCancelled?: boolean;
  },
  { urlOf, previous }: CutOffOptions,
): Judgement {
  const { last = null, attempt: lastAttempt } = previous.get(state.one.key)?.previous ?? {};
  // An earlier process has sent it.
  const isAttached = last !== null && !isUnsent(last) && lastAttempt === end.attempt;
  const slug = slugIn(end);
  const error = {
    kind: "stopped",
    message: reason,
    hint: undefined,
    problems: [],
    submitted: !isRunKnown(end) ? "unknown" : isAttached ? "no" : "yes",
    isCancelled,
  } as const;
  const attempt = reportAttempt({ slug, isAttached }, { type: "error", error }, 1);
  state.attempts.push({
    ...attempt,
    status: end.type === "result" ? end.result.status : attempt.status,
    url: slug === null ? null : urlOf(slug),
    cause: null,
    resources: state.one.clusters,
  });
  return { ...notRun(reason), verdict };
}
