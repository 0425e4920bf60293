/** How the attempts of a batch or a suite have ended, and whether a failed one is submitted again. Pure. */

import { isOpenStatus } from "../batch.ts";
import { type RunnerError, Unavailable, Unreachable } from "../errors.ts";
import { normalizedMessage } from "../text.ts";
import { firstErrorOf, firstLine, type RunResult, type Submitted } from "../result.ts";
import type { Job } from "../run.ts";
import type { Attempt } from "../store/batch_store.ts";
import { isAbandoned, isOpen, isRetry, observedIn, type ObservedRun, type Submission } from "../submission.ts";
import { rejectionOf, unknownOutcome } from "./track_result.ts";
import { allSteps } from "./view.ts";

/** Why a run did not complete: `infra` for the machines around it, `run` for the run's own work. */
export type FailureCause = "infra" | "run";

/** When failed attempts are retried. */
export interface RetryPolicy {
  /** How often a row is submitted again. */
  readonly maxRetries: number;
  /** `infra`: only what the machines around it caused; `any`: every failure; or a failure whose first error matches. */
  readonly on: "infra" | "any" | Pick<RegExp, "test">;
  /** Before the first retry, milliseconds; doubled for each further one. */
  readonly delayMs: number;
}

export const DEFAULT_RETRY_DELAY_MS = 30_000;
const MAX_RETRY_DELAY_MS = 15 * 60_000;

/** How an attempt ended, as far as a retry depends on it. */
export interface EndedAttempt {
  readonly cause: FailureCause | null;
  /** Its first line. */
  readonly error: string | null;
  /** True if it was a retry itself. */
  readonly isRetry: boolean;
}

/**
 * How long to wait before the next attempt; `null` if the last one is final. The same error twice in a row is final.
 *
 * @param attempts Oldest first.
 */
export function retryDelayMs(
  attempts: readonly EndedAttempt[],
  { maxRetries, on, delayMs }: RetryPolicy,
  random: () => number,
): number | null {
  const [last, previous] = attempts.toReversed();
  if (last === undefined || last.cause === null) return null;
  const retries = attempts.length - 1 - attempts.findLastIndex(({ isRetry }) => !isRetry);
  if (retries >= maxRetries) return null;
  const isCovered = on === "any" || (on === "infra" ? last.cause === "infra" : on.test(last.error ?? ""));
  if (!isCovered) return null;
  const isSameError = retries > 0 && previous !== undefined && isSameText(previous.error, last.error);
  if (isSameError) return null;
  return Math.min(delayMs * 2 ** retries, MAX_RETRY_DELAY_MS) * (0.75 + 0.5 * random());
}

/** Two errors that differ in numbers and identifiers only are the same. */
function isSameText(a: string | null, b: string | null): boolean {
  const normalized = (text: string) => normalizedMessage(text, text.match(SLUG) ?? []);
  return a !== null && b !== null && normalized(a) === normalized(b);
}

/** As they are made here: their ends are random. */
const SLUG = /\b[a-z0-9-]*[a-z2-7]{16}\b/gi;

/** What platforms and schedulers report when a node, a cluster or a connection fails. */
const INFRASTRUCTURE =
  /node[ _]?fail|node .*(lost|down|not respond)|preempt|lost (contact|connection)|unreachable|could not connect|connection (refused|reset|timed out|closed)|no route to host|ssh: connect|broken pipe|cluster .*(is off|not (running|active|available)|stopped)|resource .*(not (running|active|available))|evicted|out of capacity|quota/i;

/** @returns `null` for a run that completed, that a person cancelled, or whose outcome is not known. */
export function causeOf(result: RunResult): FailureCause | null {
  if (result.status === "timeout") return "run";
  if (result.status !== "failed") return null;
  const error = `${firstErrorOf(result) ?? ""} ${result.errorMessage ?? ""}`;
  return (result.jobs !== undefined && !hasWorked(result.jobs)) || INFRASTRUCTURE.test(error) ? "infra" : "run";
}

const WORKED: ReadonlySet<string> = new Set(["running", "completed", "error", "failed", "faulted"]);

/** Whether any step has started. */
export function hasWorked(jobs: readonly Job[]): boolean {
  return allSteps(jobs).some(({ step }) => WORKED.has(step.status));
}

/** The submissions of a task that are stored. */
export interface PreviousAttempts {
  /** The number of its last attempt; 0 without one. */
  readonly attempt: number;
  /** Its last submission; `null` without one, and for one that is to be submitted again. */
  readonly last: Submission | null;
  /** Those that ended, oldest first, for the decision about retries. */
  readonly ended: readonly EndedAttempt[];
  /** Present if its last attempt has not ended as far as is known, and its record is damaged, or was pruned after its end. */
  readonly unread?: Attempt;
}

export const NO_ATTEMPTS: PreviousAttempts = { attempt: 0, last: null, ended: [] };

/** @param attempts Of one task, oldest first. @param submissions Of these, those whose records can be read. */
export function previousAttempts(attempts: readonly Attempt[], submissions: readonly Submission[]): PreviousAttempts {
  const ended = endsOf(submissions).map(({ submission, end }) => endedAttemptOf(end, isRetry(submission)));
  const previous = { attempt: attempts.at(-1)?.attempt ?? 0, last: submissions.at(-1) ?? null, ended };
  const unread = attempts.at(-1);
  const isRead = submissions.some(({ submissionId }) => submissionId === unread?.submissionId);
  if (unread === undefined || isRead || !(isOpenStatus(unread.status) || isNameless(unread))) return previous;
  // The same attempt again finds its run by its key.
  return { ...previous, attempt: unread.attempt - 1, unread };
}

/** Whether it may have a run that only a record could find: on a server without slugs. */
export function isLost({ unread }: PreviousAttempts): boolean {
  return unread !== undefined && isNameless(unread);
}

function isNameless({ status, slug }: Attempt): boolean {
  return status === "unknown" && slug === null;
}

/** Those of one task that have ended, oldest first. */
export function endsOf(submissions: readonly Submission[]) {
  return submissions.filter((one) => !isOpen(one)).flatMap((submission, index) => {
    const end = endOfSubmission(submission, { attempt: index + 1 });
    return end === undefined ? [] : { submission, end };
  });
}

/** What became of a task. */
export type TaskEnd =
  | {
    readonly type: "result";
    readonly attempt: number;
    readonly result: RunResult;
    readonly limit?: "run" | "queue";
    /** How long it was seen waiting for its first step, milliseconds; absent where it was not observed. */
    readonly queueMs?: number;
  }
  /** No run was started. */
  | { readonly type: "error"; readonly attempt: number; readonly error: RunnerError }
  /** Not submitted: the batch stopped before, or `isReady` returned `never`. */
  | { readonly type: "not-submitted" }
  /** The batch ended before its run did. */
  | { readonly type: "open"; readonly attempt: number; readonly submission: Submission };

/**
 * The end of an attempt as its submission shows it; `undefined` while that continues.
 *
 * @param facts.submitted Default: an earlier process has started its run.
 * @param facts.error Why it was rejected, where this process has seen that.
 */
export function endOfSubmission(
  submission: Submission,
  { attempt, submitted = "no", error }: {
    readonly attempt: number;
    readonly submitted?: Submitted;
    readonly error?: RunnerError | undefined;
  },
): TaskEnd | undefined {
  if (submission.state === "rejected") return { type: "error", attempt, error: error ?? rejectionOf(submission) };
  if (submission.state === "finished") {
    return resultEnd({ ...submission.result, submitted }, { attempt, ...observedIn(submission) });
  }
  if (submission.state !== "unconfirmed" || !isAbandoned(submission)) return undefined;
  return { type: "result", attempt, result: unknownOutcome(submission) };
}

/** The end of an attempt whose run has one, with what was seen of it. */
export function resultEnd(
  result: RunResult,
  { attempt, queueMs, exceeded }: Pick<ObservedRun, "queueMs" | "exceeded"> & { readonly attempt: number },
): TaskEnd {
  return {
    type: "result",
    attempt,
    result,
    ...queueMs === null ? {} : { queueMs },
    ...exceeded === null || result.status !== "timeout" ? {} : { limit: exceeded.limit },
  };
}

/** Whether the task counts as done well. */
export function isSuccess(end: TaskEnd): boolean {
  return end.type === "result" && (end.result.kind === "completed" || end.result.kind === "session_ready");
}

/** How an end counts for the decision about a retry. */
export function endedAttemptOf(end: TaskEnd, isRetry: boolean): EndedAttempt {
  if (end.type === "result") {
    const cause = end.limit === "queue" ? "infra" : causeOf(end.result);
    return { cause, error: firstErrorOf(end.result), isRetry };
  }
  if (end.type !== "error") return { cause: null, error: null, isRetry };
  const { error } = end;
  const isInfra = error instanceof Unreachable || error instanceof Unavailable || error.kind === "not_submitted";
  return { cause: isInfra ? "infra" : null, error: firstLine(error.message), isRetry };
}
