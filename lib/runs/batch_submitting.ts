/** The loop of a batch that submits: one request at a time, since the platform rejects simultaneous launches. */

import {
  expected,
  isTemporary,
  NotSubmitted,
  ResponseLost,
  retryAfterOf,
  RunnerError,
  Unreachable,
} from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { isAbandoned, isOpen, isUnsent, type Submission } from "../submission.ts";
import { advanceOne } from "./advance.ts";
import { withKnownInputs } from "./advance_result.ts";
import type { BatchState, TrackedTask } from "./batch_task.ts";
import { endOfSubmission } from "./retry_policy.ts";
import { createSubmission } from "./create_submission.ts";
import { submittingEvent } from "./execute.ts";
import { MIN_REPORTED_OUTAGE_MS } from "./poll.ts";
import { resubmitDelayMs } from "./poll_interval.ts";
import { startedEvent } from "./track.ts";

/** The pace at which the server accepts runs. */
interface Pace {
  /** Below `control.jobs` while the server limits runs. */
  allowedJobs: number;
  /** Submits in a row for which the server could not be reached. */
  failures: number;
  /** When the first of these failed, on the monotonic clock. */
  failingSinceMs: number;
  /** Since when no submit has reached the server, on the monotonic clock; `null` while it responds. */
  lostSinceMs: number | null;
}

/** Ends with the batch. */
export async function submitLoop(state: BatchState): Promise<void> {
  const { deps: { clock }, options: { control }, open } = state;
  const pace: Pace = { allowedJobs: Infinity, failures: 0, failingSinceMs: Infinity, lostSinceMs: null };
  while (!state.isDone()) {
    state.followClock();
    const unsent = [...open].filter(({ submission }) =>
      submission?.state === "pending" || submission?.state === "unconfirmed"
    );
    const sendable = unsent.filter((one) => control.stopped === null || !releaseUnsent(state, one));
    const due = sendable.find(({ submission }) => submission !== null && submission.nextPollAtMs <= clock.now());
    if (due !== undefined) {
      await advanceUnsent(state, pace, due);
      continue;
    }
    const { one, againMs } = nextToStart(state, pace);
    if (one !== undefined) {
      await start(state, pace, one);
      continue;
    }
    if (state.isDone()) return;
    const dueMs = Math.min(...sendable.map(({ submission }) => submission?.nextPollAtMs ?? Infinity));
    await state.sleepUntil(Math.min(againMs, clock.monotonic() + dueMs - clock.now()));
  }
}

/** After a stop, nothing is sent. Whether something was sent before is still determined. */
function releaseUnsent(state: BatchState, one: TrackedTask): boolean {
  if (one.submission === null || !isUnsent(one.submission)) return false;
  state.endAttempt(one, { type: "not-submitted" });
  return true;
}

/** The next task that may start; otherwise when to check again, on the monotonic clock. */
function nextToStart(
  state: BatchState,
  { allowedJobs }: Pace,
): { readonly one?: TrackedTask; readonly againMs: number } {
  const { open, waiting, deps: { clock }, options: { control, maxPerCluster } } = state;
  const nowMs = clock.monotonic();
  if (control.stopped !== null || open.size >= Math.min(control.jobs, allowedJobs)) return { againMs: Infinity };
  if (nowMs < state.pausedUntilMs) return { againMs: state.pausedUntilMs };
  const locks = new Set([...open].flatMap(({ task }) => task.locks));
  const onCluster = (cluster: string) => [...open].filter(({ task }) => task.cluster === cluster).length;
  let againMs = Infinity;
  for (let index = 0; index < waiting.length; index++) {
    const one = waiting[index];
    if (one === undefined) break;
    const { task: { cluster, locks: ownLocks, isReady }, notBeforeMs } = one;
    const readiness = isReady?.() ?? true;
    if (readiness === "never") {
      waiting.splice(index--, 1);
      state.endAttempt(one, { type: "not-submitted" });
      continue;
    }
    if (notBeforeMs > nowMs) againMs = Math.min(againMs, notBeforeMs);
    const isLimited = maxPerCluster !== null && cluster !== null && onCluster(cluster) >= maxPerCluster;
    if (!readiness || notBeforeMs > nowMs || isLimited || ownLocks.some((lock) => locks.has(lock))) continue;
    waiting.splice(index, 1);
    return { one, againMs };
  }
  return { againMs };
}

async function start(state: BatchState, pace: Pace, one: TrackedTask): Promise<void> {
  const { deps, options: { batchId, originType: type, keyPrefix }, open, waiting } = state;
  const { task, isRetry } = one;
  open.add(one);
  const attempt = ++one.attempt;
  try {
    const request = await task.prepare(attempt);
    // The older API accepts no slug: there, only the local history recognizes a row.
    const isKeyed = await deps.client.apiVersion({ signal: state.signal }) === "current";
    const submission = await createSubmission(deps, request, {
      signal: state.signal,
      isWaiting: true,
      idempotencyKey: isKeyed ? { text: `${keyPrefix}${task.key}`, policy: "attach", attempt } : undefined,
      origin: { type, batchId, rowKey: task.key, attempt, isRetry },
    });
    resetFailures(pace);
    state.followClock();
    one.submission = submission;
    one.isAttached = submission.state !== "pending" || submission.attempts > 0;
    if (submission.state === "pending") emitRun(state, one, submittingEvent(deps, submission));
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    if (isTemporary(error) || error.kind === "not_submitted") {
      // Nothing was stored: the row is submitted again later, or by the call that continues.
      one.attempt--;
      open.delete(one);
      waiting.unshift(one);
      if (error.kind === "not_submitted") return state.fail(error);
      backOff(state, pace, error);
      return;
    }
    return state.endAttempt(one, { type: "error", attempt, error });
  }
  await advanceUnsent(state, pace, one);
}

function resetFailures(pace: Pace): void {
  Object.assign(pace, { failures: 0, failingSinceMs: Infinity });
}

/**
 * After a request that failed before anything was sent; ends the batch when that lasts too long.
 *
 * @returns For how long nothing is submitted, in milliseconds.
 */
function backOff(state: BatchState, pace: Pace, error: RunnerError): number {
  const { clock, random } = state.deps;
  observeConnection(state, pace, error);
  pace.failingSinceMs = Math.min(pace.failingSinceMs, clock.monotonic());
  const delayMs = resubmitDelayMs(++pace.failures, random, retryAfterOf(error));
  if (isGivenUp(state, pace)) state.fail(error);
  else slowDown(state, pace, { untilMs: clock.monotonic() + delayMs, reason: error.message });
  return delayMs;
}

/** Reports an outage that lasts, and its end. */
function observeConnection(state: BatchState, pace: Pace, result: RunnerError | undefined): void {
  const error = result instanceof NotSubmitted ? result.cause : result;
  // Nothing was sent.
  if (error === undefined && result !== undefined) return;
  if (!(error instanceof Unreachable || error instanceof ResponseLost)) {
    if (pace.lostSinceMs !== null) state.reportConnection(null);
    pace.lostSinceMs = null;
    return;
  }
  if (isPolling(state)) return;
  const nowMs = state.deps.clock.monotonic();
  pace.lostSinceMs ??= nowMs;
  if (nowMs - pace.lostSinceMs >= MIN_REPORTED_OUTAGE_MS) state.reportConnection(error);
}

/** Polls then show whether the server can be reached. */
function isPolling({ open }: BatchState): boolean {
  return [...open].some(({ submission }) => submission?.state === "active");
}

/** Whether the server has been unreachable for too long. */
function isGivenUp(state: BatchState, pace: Pace): boolean {
  const { deps: { clock }, options: { unreachableTimeoutMs } } = state;
  return !isPolling(state) && clock.monotonic() - pace.failingSinceMs >= (unreachableTimeoutMs ?? Infinity);
}

/** One step of a submission whose run is not known yet. */
async function advanceUnsent(state: BatchState, pace: Pace, one: TrackedTask): Promise<void> {
  const { deps, options: { control }, signal } = state;
  const { clock } = deps;
  const submission = await withInputs(state, pace, one);
  if (submission === null) return;
  const advanced = await advanceOne(deps, submission, { ...state.options, signal }).catch((error: unknown) => {
    if (!(error instanceof NotSubmitted)) throw error;
    // It could not be stored, so it was not sent: the call that continues sends it.
    state.fail(error);
    releaseUnsent(state, one);
  });
  if (advanced === undefined) return;
  // Its new instants are of the clock as it is now.
  state.followClock();
  // A lost response has no error, nor has a search that found nothing.
  const isAnswered = advanced.submission.state !== "unconfirmed" ||
    submission.state === "unconfirmed" && submission.reconciliation !== null && !isAbandoned(submission);
  if (!advanced.wasAdvancedElsewhere && (advanced.error !== undefined || isAnswered)) {
    observeConnection(state, pace, advanced.error);
  }
  one.submission = advanced.submission;
  if (advanced.wasAdvancedElsewhere) one.isAttached = true;
  for (const event of advanced.events) {
    emitRun(state, one, event);
    const isLimit = event.type === "submit-delayed" && event.reason !== "reconciling" && event.reason !== "conflict";
    if (!isLimit) continue;
    slowDown(state, pace, { untilMs: clock.monotonic() + event.untilMs - clock.now(), reason: event.detail });
  }
  if (submission.state === "pending" && advanced.submission.state === "active" && pace.allowedJobs < control.jobs) {
    pace.allowedJobs++;
  }
  const { attempt, isAttached } = one;
  if (advanced.submission.state === "active") {
    const facts = { isAttached, deadlineAtMs: null, nowMs: clock.now() };
    emitRun(state, one, startedEvent(advanced.submission, facts));
  }
  const { error } = advanced;
  const end = endOfSubmission(advanced.submission, { attempt, submitted: isAttached ? "no" : "yes", error });
  if (end !== undefined) state.endAttempt(one, end);
  state.changed();
}

/** Inputs with secrets are not stored: they are prepared again. `null` if that is not possible, now or at all. */
async function withInputs(state: BatchState, pace: Pace, one: TrackedTask): Promise<Submission | null> {
  const { submission, task, attempt } = one;
  if (submission === null || !isOpen(submission) || submission.request.inputs !== null) return submission;
  const request = await task.prepare(attempt).catch(expected(RunnerError));
  if (!(request instanceof RunnerError)) {
    resetFailures(pace);
    return withKnownInputs(submission, { ...submission, request: { ...submission.request, inputs: request.inputs } });
  }
  if (isTemporary(request)) {
    one.submission = { ...submission, nextPollAtMs: state.deps.clock.now() + backOff(state, pace, request) };
  } else state.endAttempt(one, { type: "error", attempt, error: request });
  return null;
}

/** Half as many runs at once, and none before the server accepts them again. */
function slowDown(
  state: BatchState,
  pace: Pace,
  { untilMs, reason }: { readonly untilMs: number; readonly reason: string },
): void {
  const { deps: { clock }, options: { control }, open } = state;
  const isSlowed = pace.allowedJobs < control.jobs;
  const running = [...open].filter(({ submission }) => submission?.state === "active").length;
  state.pausedUntilMs = Math.max(state.pausedUntilMs, untilMs);
  pace.allowedJobs = Math.max(1, Math.floor(Math.min(pace.allowedJobs, control.jobs, Math.max(running, 2)) / 2));
  if (isSlowed) return;
  const atMs = Math.round(clock.now() + untilMs - clock.monotonic());
  state.emit({ type: "slowed", jobs: pace.allowedJobs, reason, untilMs: atMs });
}

function emitRun(state: BatchState, { task: { key }, attempt }: TrackedTask, event: RunEvent): void {
  state.emit({ type: "run", key, attempt, event });
}
