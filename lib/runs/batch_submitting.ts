/** The loop of a batch that submits: one request at a time, since the platform rejects simultaneous launches. */

import { RunnerError, Unavailable, Unreachable } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { isOpen, type Submission } from "../submission.ts";
import { advance } from "./advance.ts";
import { withKnownInputs } from "./advance_result.ts";
import type { BatchState, Slot } from "./batch_state.ts";
import { createSubmission } from "./create_submission.ts";
import { submittingEvent } from "./execute.ts";
import { resubmitDelayMs } from "./poll_interval.ts";
import { rejectionOf, startedEvent } from "./track.ts";
import { resultWithoutRun } from "./view.ts";

/** The pace at which the server accepts runs. */
interface Pace {
  /** Below `control.jobs` while the server limits runs. */
  allowedJobs: number;
  /** Submits in a row for which the server could not be reached. */
  failures: number;
}

/** Ends with the batch. */
export async function submitLoop(state: BatchState): Promise<void> {
  const { deps: { clock }, options: { control }, open } = state;
  const pace: Pace = { allowedJobs: Infinity, failures: 0 };
  while (!state.isDone()) {
    const unsent = [...open].filter(({ submission }) =>
      submission?.state === "pending" || submission?.state === "unconfirmed"
    );
    const sendable = unsent.filter((slot) => control.stopped === null || !releaseUnsent(state, slot));
    const due = sendable.find(({ submission }) => submission !== null && submission.nextPollAtMs <= clock.now());
    if (due !== undefined) {
      await advanceSlot(state, pace, due);
      continue;
    }
    const { slot, againMs } = nextToStart(state, pace);
    if (slot !== undefined) {
      await start(state, pace, slot);
      continue;
    }
    if (state.isDone()) return;
    const dueMs = Math.min(...sendable.map(({ submission }) => submission?.nextPollAtMs ?? Infinity));
    await state.sleepUntil(Math.min(againMs, clock.monotonic() + dueMs - clock.now()));
  }
}

/** After a stop, nothing is sent. Whether something was sent before is still determined. */
function releaseUnsent(state: BatchState, slot: Slot): boolean {
  const { submission } = slot;
  if (submission?.state !== "pending" || submission.lostResponses > 0) return false;
  state.endAttempt(slot, { type: "not-submitted" });
  return true;
}

/** The next task that may start; otherwise when to check again, on the monotonic clock. */
function nextToStart(
  state: BatchState,
  { allowedJobs }: Pace,
): { readonly slot?: Slot; readonly againMs: number } {
  const { open, waiting, deps: { clock }, options: { control, maxPerCluster } } = state;
  const nowMs = clock.monotonic();
  if (control.stopped !== null || open.size >= Math.min(control.jobs, allowedJobs)) return { againMs: Infinity };
  if (nowMs < state.pausedUntilMs) return { againMs: state.pausedUntilMs };
  const locks = new Set([...open].flatMap(({ task }) => task.locks));
  const onCluster = (cluster: string) => [...open].filter(({ task }) => task.cluster === cluster).length;
  let againMs = Infinity;
  for (let index = 0; index < waiting.length; index++) {
    const slot = waiting[index];
    if (slot === undefined) break;
    const { task: { cluster, locks: ownLocks, isReady }, notBeforeMs } = slot;
    const readiness = isReady?.() ?? true;
    if (readiness === "never") {
      waiting.splice(index--, 1);
      state.endAttempt(slot, { type: "not-submitted" });
      continue;
    }
    if (notBeforeMs > nowMs) againMs = Math.min(againMs, notBeforeMs);
    const isLimited = maxPerCluster !== null && cluster !== null && onCluster(cluster) >= maxPerCluster;
    if (!readiness || notBeforeMs > nowMs || isLimited || ownLocks.some((lock) => locks.has(lock))) continue;
    waiting.splice(index, 1);
    return { slot, againMs };
  }
  return { againMs };
}

async function start(state: BatchState, pace: Pace, slot: Slot): Promise<void> {
  const { deps, options: { batchId, originType: type, keyPrefix }, open, waiting } = state;
  const { task, isRetry } = slot;
  open.add(slot);
  const attempt = ++slot.attempt;
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
    pace.failures = 0;
    slot.submission = submission;
    slot.isAttached = submission.state !== "pending" || submission.attempts > 0;
    if (submission.state === "pending") emitRun(state, slot, submittingEvent(deps, submission));
  } catch (error) {
    if (!(error instanceof RunnerError) || error.kind === "not_submitted") throw error;
    if (error instanceof Unreachable || error instanceof Unavailable) {
      // Nothing was stored: the row waits for its turn again.
      slot.attempt--;
      open.delete(slot);
      waiting.unshift(slot);
      const minDelayMs = error instanceof Unavailable ? error.retryAfterMs : undefined;
      const delayMs = resubmitDelayMs(++pace.failures, deps.random, minDelayMs);
      return slowDown(state, pace, { untilMs: deps.clock.monotonic() + delayMs, reason: error.message });
    }
    return state.endAttempt(slot, { type: "error", attempt, error });
  }
  await advanceSlot(state, pace, slot);
}

/** One step of a submission whose run is not known yet. */
async function advanceSlot(state: BatchState, pace: Pace, slot: Slot): Promise<void> {
  const { deps, options: { control, pollInterval, submitTimeoutMs, unreachableTimeoutMs }, signal } = state;
  const { clock } = deps;
  const submission = await withInputs(state, slot);
  if (submission === null) return;
  const options = { signal, submitted: "yes", pollInterval, submitTimeoutMs, unreachableTimeoutMs } as const;
  const [advanced] = await advance(deps, [submission], options);
  if (advanced === undefined) throw new TypeError("advance() returned no result");
  slot.submission = advanced.submission;
  if (advanced.wasAdvancedElsewhere) slot.isAttached = true;
  for (const event of advanced.events) {
    emitRun(state, slot, event);
    const isLimit = event.type === "submit-delayed" && event.reason !== "reconciling" && event.reason !== "conflict";
    if (!isLimit) continue;
    slowDown(state, pace, { untilMs: clock.monotonic() + event.untilMs - clock.now(), reason: event.detail });
  }
  if (submission.state === "pending" && advanced.submission.state === "active" && pace.allowedJobs < control.jobs) {
    pace.allowedJobs++;
  }
  settle(state, slot, advanced.submission, advanced.error);
  state.changed();
}

function settle(state: BatchState, slot: Slot, submission: Submission, error: RunnerError | undefined): void {
  const { attempt, isAttached } = slot;
  switch (submission.state) {
    case "pending":
      return;
    case "active":
      return emitRun(
        state,
        slot,
        startedEvent(submission, { isAttached, deadlineAtMs: null, nowMs: state.deps.clock.now() }),
      );
    case "finished": {
      const result = { ...submission.result, submitted: isAttached ? "no" : "yes" } as const;
      return state.endAttempt(slot, { type: "result", attempt, result });
    }
    case "rejected":
      return state.endAttempt(slot, { type: "error", attempt, error: error ?? rejectionOf(submission) });
    case "unconfirmed": {
      if (!submission.reconciliation?.isAbandoned) return;
      const { request, ownSlug, reconciliation: { detail } } = submission;
      const message = `Outcome unknown: a run may have been started (${detail})`;
      const result = resultWithoutRun(request.workflow, ownSlug, message);
      return state.endAttempt(slot, { type: "result", attempt, result });
    }
  }
}

/** Inputs with secrets are not stored: they are prepared again. `null` if that ended the attempt. */
async function withInputs(state: BatchState, slot: Slot): Promise<Submission | null> {
  const { submission, task, attempt } = slot;
  if (submission === null || !isOpen(submission) || submission.request.inputs !== null) return submission;
  try {
    const request = await task.prepare(attempt);
    return withKnownInputs(submission, { ...submission, request: { ...submission.request, inputs: request.inputs } });
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    state.endAttempt(slot, { type: "error", attempt, error });
    return null;
  }
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

function emitRun(state: BatchState, { task: { key }, attempt }: Slot, event: RunEvent): void {
  state.emit({ type: "run", key, attempt, event });
}
