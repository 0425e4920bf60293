/** The loop of a batch that submits: one request at a time, since the platform rejects simultaneous launches. */

import type { Deadline } from "../clock.ts";
import { expected, isTemporary, NotSubmitted, RunnerError, StorageError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { type ActiveSubmission, isAbandoned, isOpen, isUnsent, type Submission } from "../submission.ts";
import { advanceOne } from "./advance.ts";
import { withKnownInputs } from "./advance_result.ts";
import { endAttempt, isDone } from "./batch_ends.ts";
import { createPace, type Pace } from "./batch_pace.ts";
import type { BatchState } from "./batch_state.ts";
import type { TrackedTask } from "./batch_task.ts";
import { createSubmission } from "./create_submission.ts";
import { submittingEvent } from "./execute.ts";
import { endOfSubmission } from "./retry_policy.ts";
import { requestLimit, withLimit } from "./limit.ts";
import { startedEvent } from "./track.ts";

/** Ends with the batch. */
export async function submitLoop(state: BatchState): Promise<void> {
  const { deps: { clock }, options: { control }, open } = state;
  const pace = createPace(state);
  while (!isDone(state)) {
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
    if (isDone(state)) return;
    const dueMs = Math.min(...sendable.map(({ submission }) => submission?.nextPollAtMs ?? Infinity));
    await state.sleepUntil(Math.min(againMs, clock.monotonic() + dueMs - clock.now()));
  }
}

/** After a stop, nothing is sent. Whether something was sent before is still determined. */
function releaseUnsent(state: BatchState, one: TrackedTask): boolean {
  if (one.submission === null || !isUnsent(one.submission)) return false;
  endAttempt(state, one, { type: "not-submitted" });
  return true;
}

/** The next task that may start; otherwise when to check again, on the monotonic clock. */
function nextToStart(state: BatchState, pace: Pace): { readonly one?: TrackedTask; readonly againMs: number } {
  const { open, waiting, deps: { clock }, options: { control, maxPerCluster } } = state;
  const nowMs = clock.monotonic();
  if (control.stopped !== null || open.size >= pace.allowedJobs()) return { againMs: Infinity };
  if (nowMs < pace.pausedUntilMs()) return { againMs: pace.pausedUntilMs() };
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
      endAttempt(state, one, { type: "not-submitted" });
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
  const workflow = task.workflowHash === undefined ? {} : { workflowHash: task.workflowHash };
  try {
    const request = await task.prepare(attempt);
    using limit = searchLimit(state);
    const limits = { signal: state.signal, limit: limit?.signal };
    const submission = await withLimit(limits, `submit ${request.workflow}`, async (signal) => {
      return await createSubmission(deps, request, {
        signal,
        isWaiting: true,
        idempotencyKey: { text: `${keyPrefix}${task.key}`, policy: "attach", attempt },
        origin: { type, batchId, rowKey: task.key, attempt, isRetry, ...workflow },
      });
    });
    pace.resetFailures();
    state.followClock();
    one.submission = submission;
    one.isAttached = submission.state !== "pending" || submission.attempts > 0;
    if (submission.state === "pending") emitRun(state, one, submittingEvent(deps, submission));
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    const isUnstored = error.kind === "not_submitted" || error instanceof StorageError;
    if (!isUnstored && !isTemporary(error)) return endAttempt(state, one, { type: "error", attempt, error });
    // Nothing was stored: the row is submitted again later, or by the call that continues.
    one.attempt--;
    open.delete(one);
    waiting.unshift(one);
    if (isUnstored) state.fail(error);
    else pace.backOff(error);
    return;
  }
  // The other loop polls what runs: if both did, both would see its end.
  if (one.submission.state === "active") reportStarted(state, one, one.submission);
  else await advanceUnsent(state, pace, one);
}

function searchLimit({ deps: { clock }, endMs, options: { unreachableTimeoutMs } }: BatchState): Deadline | undefined {
  return requestLimit(clock, { remainingMs: Math.max(0, endMs - clock.monotonic()), unreachableTimeoutMs });
}

/** One step of a submission whose run is not known yet. */
async function advanceUnsent(state: BatchState, pace: Pace, one: TrackedTask): Promise<void> {
  const { deps, signal } = state;
  const { clock } = deps;
  const submission = await withInputs(state, pace, one);
  if (submission === null) return;
  using limit = submission.state === "unconfirmed" ? searchLimit(state) : undefined;
  const step = { ...state.options, signal, limit: limit?.signal };
  const advanced = await advanceOne(deps, submission, step).catch((error: unknown) => {
    if (!(error instanceof NotSubmitted)) throw error;
    // It could not be stored, so it was not sent: the call that continues sends it.
    state.fail(error);
    releaseUnsent(state, one);
  });
  if (advanced === undefined) return;
  const { error } = advanced;
  // Its new instants are of the clock as it is now.
  state.followClock();
  // A lost response has no error, nor has a search that found nothing.
  const isAnswered = advanced.submission.state !== "unconfirmed" ||
    submission.state === "unconfirmed" && submission.reconciliation !== null && !isAbandoned(submission);
  if (!advanced.wasAdvancedElsewhere && (error !== undefined || isAnswered)) pace.observe(error);
  one.submission = advanced.submission;
  if (advanced.wasAdvancedElsewhere) one.isAttached = true;
  for (const event of advanced.events) {
    emitRun(state, one, event);
    const isLimit = event.type === "submit-delayed" && event.reason !== "reconciling" && event.reason !== "conflict";
    if (isLimit) pace.slowDown(clock.monotonic() + event.untilMs - clock.now(), event.detail);
  }
  if (advanced.submission.state === "active") {
    if (submission.state === "pending") pace.speedUp();
    reportStarted(state, one, advanced.submission);
  }
  const { attempt, isAttached } = one;
  const end = endOfSubmission(advanced.submission, { attempt, submitted: isAttached ? "no" : "yes", error });
  if (end !== undefined) endAttempt(state, one, end);
  state.changed();
}

/** Inputs with secrets are not stored: they are prepared again. `null` if that is not possible, now or at all. */
async function withInputs(state: BatchState, pace: Pace, one: TrackedTask): Promise<Submission | null> {
  const { submission, task, attempt } = one;
  if (submission === null || !isOpen(submission) || submission.request.inputs !== null) return submission;
  const request = await task.prepare(attempt).catch(expected(RunnerError));
  if (!(request instanceof RunnerError)) {
    pace.resetFailures();
    return withKnownInputs(submission, { ...submission, request: { ...submission.request, inputs: request.inputs } });
  }
  if (isTemporary(request)) {
    one.submission = { ...submission, nextPollAtMs: state.deps.clock.now() + pace.backOff(request) };
  } else endAttempt(state, one, { type: "error", attempt, error: request });
  return null;
}

function reportStarted(state: BatchState, one: TrackedTask, submission: ActiveSubmission): void {
  const { isAttached } = one;
  emitRun(state, one, startedEvent(submission, { isAttached, deadlineAtMs: null, nowMs: state.deps.clock.now() }));
  state.changed();
}

function emitRun(state: BatchState, { task: { key }, attempt }: TrackedTask, event: RunEvent): void {
  state.emit({ type: "run", key, attempt, event });
}
