/** What is reported of the cases whose runs continue when a suite is interrupted. */

import { StorageError } from "../errors.ts";
import { reportAttempt } from "../reports/report.ts";
import { endOfSubmission } from "../runs/batch.ts";
import type { BatchTask, TaskEnd } from "../runs/batch_task.ts";
import type { Deps } from "../runs/deps.ts";
import { isOpen, slugOf } from "../submission.ts";
import type { JudgeOptions } from "./attempt.ts";
import { type CaseState, notRun } from "./case_state.ts";
import type { Judgement } from "./judge.ts";
import { previousCases } from "./session.ts";

/** As the store shows them, which knows more than the tasks did when they were cut off. */
export async function endsOfInterrupted(
  { store, log }: Pick<Deps, "store" | "log">,
  tasks: readonly BatchTask[],
  sessionId: string,
): Promise<readonly TaskEnd[]> {
  const stored = await previousCases(store, sessionId).catch((error: unknown) => {
    if (!(error instanceof StorageError)) throw error;
    log("WARNING", error.message);
    return null;
  });
  return tasks.map(({ key }): TaskEnd => {
    const { last = null, attempt = 0 } = stored?.get(key)?.previous ?? {};
    if (last === null || (last.state === "pending" && last.lostResponses === 0)) return { type: "not-submitted" };
    return isOpen(last) ? { type: "open", attempt, submission: last } : endOfSubmission(last, attempt);
  });
}

/** Adds the attempt that was cut off to the case. */
export function judgeInterrupted(state: CaseState, end: TaskEnd, options: JudgeOptions): Judgement {
  if (end.type !== "open" && end.type !== "result") return notRun("the suite was interrupted");
  const slug = end.type === "open" ? slugOf(end.submission) : end.result.slug;
  const reason = `the suite was interrupted: ${
    end.type === "result"
      ? `its run ${slug} has ended, and --resume judges it`
      : end.submission.state === "active"
      ? `its run ${slug} continues, and --resume goes on with it`
      : `whether it has started ${slug} is not known, and --resume finds out`
  }`;
  addCutOff(state, end, { reason, isCancelled: false }, options);
  return { ...notRun(reason), verdict: "not-judged" };
}

/** An attempt whose end was not seen, or not judged. */
export function addCutOff(
  state: CaseState,
  end: Extract<TaskEnd, { type: "open" | "result" }>,
  { reason, isCancelled }: { readonly reason: string; readonly isCancelled: boolean },
  { urlOf }: JudgeOptions,
): void {
  const isKnown = end.type === "result" || end.submission.state === "active";
  const slug = end.type === "open" ? slugOf(end.submission) : end.result.slug;
  const error = {
    kind: "stopped",
    message: reason,
    hint: undefined,
    problems: [],
    submitted: isKnown ? "yes" : "unknown",
    isCancelled,
  } as const;
  const attempt = reportAttempt({ slug, isAttached: false }, { type: "error", error }, 1);
  state.attempts.push({
    ...attempt,
    status: end.type === "result" ? end.result.status : attempt.status,
    url: slug === null ? null : urlOf(slug),
    cause: null,
    resources: state.one.clusters,
  });
}
