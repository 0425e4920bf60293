/** The loop of a batch that polls: one list of running runs for all of them, and each run that has left it by name. */

import { CredentialError, retryAfterOf, type RunnerError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { storeFailureTo } from "../log.ts";
import type { RunResult } from "../result.ts";
import type { ActiveSubmission } from "../submission.ts";
import { advance } from "./advance.ts";
import type { AdvanceResult } from "./advance_result.ts";
import {
  type ActiveTask,
  enforceLimits,
  keepObserved,
  observeEnd,
  observeQueue,
  untilLimitMs,
} from "./batch_limits.ts";
import { endAttempt, isDone } from "./batch_ends.ts";
import type { BatchState } from "./batch_state.ts";
import type { TrackedTask } from "./batch_task.ts";
import { moveInstants } from "./clock_jump.ts";
import { type DurationEstimate, estimateDurations } from "./durations.ts";
import { requestLimit } from "./limit.ts";
import { manyRunsGapMs } from "./many_runs.ts";
import { asTimedOut, MIN_REPORTED_OUTAGE_MS } from "./poll.ts";
import { MAX_RETRY_AFTER_MS, pollDelayMs } from "./poll_interval.ts";
import { resultEnd } from "./retry_policy.ts";
import { updateCapabilities } from "./server_capabilities.ts";
import { sessionResult } from "./track_result.ts";
import { toRunResult } from "./view.ts";

const RUNS_PER_PAGE = 100;
const MIN_RUNS_FOR_BUDGET = 20;
/** A proxy or a restarting server may refuse a valid key once. */
const MIN_REFUSED_ROUNDS = 2;

type Rounds = ReturnType<typeof noRounds>;

/** Instants are of the monotonic clock. */
function noRounds() {
  return {
    lastMs: -Infinity,
    /** List requests of the last round. */
    pages: 0,
    /** `Infinity` while the server responds. */
    lostSinceMs: Infinity,
    refused: 0,
    /** From `Retry-After`. */
    notBeforeMs: -Infinity,
    /** Of the runs that ended last. */
    durationsMs: new Array<number>(),
    /** Until the next round; `NaN` until it is needed. */
    gapMs: NaN,
  };
}

/** Ends with the batch. */
export async function pollLoop(state: BatchState): Promise<void> {
  const { deps: { clock }, open } = state;
  const rounds = noRounds();
  while (!isDone(state)) {
    const movedMs = state.followClock();
    const active = [...open].flatMap((one): ActiveTask[] =>
      one.submission?.state === "active" ? [{ one, submission: one.submission }] : []
    );
    const nextMs = active.length === 0 ? Infinity : nextRoundMs(state, rounds, active);
    if (nextMs > clock.monotonic()) {
      await state.sleepUntil(nextMs);
      continue;
    }
    await pollRound(state, rounds, active, movedMs);
  }
}

/** Of the latest ends, which are the most alike. */
const MAX_DURATIONS = 50;
/** Enough ages to estimate from. */
const MAX_AGES = 200;
const MIN_GAP_MS = 1_000;

/** Soon after a run has started, and when runs are likely to end; never more requests per minute than allowed. */
function nextRoundMs(state: BatchState, rounds: Rounds, active: readonly ActiveTask[]): number {
  const { deps: { clock, random }, options: { pollInterval, requestsPerMinute }, waiting } = state;
  const nowMs = clock.now();
  const agesMs = active.map(({ submission }) => Math.max(0, nowMs - submission.startedAtMs));
  const youngestMs = agesMs.reduce((least, ageMs) => Math.min(least, ageMs), Infinity);
  const pages = Math.max(1, rounds.pages, Math.ceil(active.length / RUNS_PER_PAGE));
  const baseMs = pollDelayMs(youngestMs, pollInterval, random);
  const budgetMs = pages * 60_000 / requestsPerMinute;
  if (Number.isNaN(rounds.gapMs)) {
    rounds.gapMs = pollInterval.isAdaptive === true
      ? manyRunsGapMs(agesMs, estimateOf(rounds, agesMs), waiting.length > 0)
      : Infinity;
  }
  const gapMs = Math.max(budgetMs, Math.min(baseMs, rounds.gapMs));
  const limitMs = clock.monotonic() +
    active.reduce((least, item) => Math.min(least, untilLimitMs(item, nowMs)), Infinity);
  return Math.max(rounds.notBeforeMs, Math.min(rounds.lastMs + gapMs, Math.max(rounds.lastMs + MIN_GAP_MS, limitMs)));
}

/** How long runs of this batch take, once one has ended. */
function estimateOf({ durationsMs: endedMs }: Rounds, agesMs: readonly number[]): DurationEstimate | undefined {
  const step = Math.ceil(agesMs.length / MAX_AGES);
  return estimateDurations({ endedMs, censoredMs: agesMs.filter((_, index) => index % step === 0) });
}

/** @param movedMs By how much the clock was set when the active ones were read. */
async function pollRound(state: BatchState, rounds: Rounds, active: readonly ActiveTask[], movedMs: number) {
  const { deps, options } = state;
  const { clock } = deps;
  const waitMs = await waitForBudget(state, rounds, active);
  if (waitMs > 0) {
    rounds.notBeforeMs = clock.monotonic() + waitMs;
    return;
  }
  const queued = active.filter(({ one }) => one.task.queueTimeoutMs !== undefined && one.workingSinceMs === null);
  const isQueued = new Set(queued.map(({ submission }) => submission.submissionId));
  let listError: RunnerError | undefined;
  let isPaused = true;
  const startedMs = clock.monotonic();
  using limit = requestLimit(clock, {
    remainingMs: Math.max(0, state.endMs - startedMs),
    unreachableTimeoutMs: options.unreachableTimeoutMs,
    outageMs: Math.max(0, startedMs - rounds.lostSinceMs),
  });
  const results = await advance(deps, active.map(({ submission }) => ({ ...submission, nextPollAtMs: clock.now() })), {
    signal: state.signal,
    pollInterval: options.pollInterval,
    submitTimeoutMs: options.submitTimeoutMs,
    unreachableTimeoutMs: null,
    limit: limit?.signal,
    findsDuplicatesInList: true,
    needsDetail: ({ submissionId }) => isQueued.has(submissionId),
    onList(pages, error) {
      isPaused = false;
      rounds.pages = pages;
      listError = error;
    },
  });
  const jumpMs = state.followClock() - movedMs;
  Object.assign(rounds, { lastMs: clock.monotonic(), gapMs: NaN });
  const errors = results.flatMap(({ error }) => error === undefined ? [] : [error]);
  for (const [index, result] of results.entries()) {
    const item = active[index];
    const submission = moveInstants(result.submission, jumpMs, item?.submission);
    if (item !== undefined) await applyResult(state, item, { ...result, submission });
    const seconds = submission.state === "finished" ? submission.result.durationSeconds : null;
    if (seconds !== null && rounds.durationsMs.push(seconds * 1_000) > MAX_DURATIONS) rounds.durationsMs.shift();
  }
  // The server asked another process to wait: nothing was asked, and nothing is known of the connection.
  if (isPaused) return;
  const isLost = errors[0] !== undefined && errors.length === results.length;
  if (!isLost) state.emit({ type: "polled", atMs: clock.now(), running: active.length, pages: rounds.pages });
  await updateConnection(state, rounds, isLost ? errors[0] : listError, isLost ? startedMs : null);
}

/** Processes that track many runs of one user share a budget of requests; without the store, each has its own. */
async function waitForBudget(
  { deps: { store, clock, log }, options: { requestsPerMinute } }: BatchState,
  { pages }: Rounds,
  active: readonly ActiveTask[],
): Promise<number> {
  const [first] = active;
  if (first === undefined || active.length <= MIN_RUNS_FOR_BUDGET) return 0;
  const count = Math.max(pages, Math.ceil(active.length / RUNS_PER_PAGE));
  const request = { count, perMinute: requestsPerMinute, nowMs: clock.now() };
  return await store.batches.takeRequests(first.submission.owner, request).catch(storeFailureTo(log)) ?? 0;
}

/** @param lostAtMs When a round began of which no request was answered, on the monotonic clock. */
async function updateConnection(
  state: BatchState,
  rounds: Rounds,
  error: RunnerError | undefined,
  lostAtMs: number | null,
): Promise<void> {
  const { deps: { clock, client: { host } }, options: { unreachableTimeoutMs } } = state;
  const retryAfterMs = retryAfterOf(error);
  if (retryAfterMs !== undefined) {
    const pauseMs = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
    rounds.notBeforeMs = clock.monotonic() + pauseMs;
    await updateCapabilities(state.deps, host, { pausedUntilMs: clock.now() + pauseMs });
  }
  if (error === undefined || lostAtMs === null) {
    rounds.refused = 0;
    rounds.lostSinceMs = Infinity;
    return state.reportConnection(null);
  }
  rounds.refused = error instanceof CredentialError ? rounds.refused + 1 : 0;
  if (rounds.refused >= MIN_REFUSED_ROUNDS) return state.fail(error);
  rounds.lostSinceMs = Math.min(rounds.lostSinceMs, lostAtMs);
  const lostMs = clock.monotonic() - rounds.lostSinceMs;
  if (lostMs >= MIN_REPORTED_OUTAGE_MS) state.reportConnection(error);
  if (unreachableTimeoutMs !== null && lostMs >= unreachableTimeoutMs) state.fail(error);
}

async function applyResult(state: BatchState, { one, submission: previous }: ActiveTask, advanced: AdvanceResult) {
  const { submission } = advanced;
  one.submission = submission;
  if (advanced.wasAdvancedElsewhere) one.isAttached = true;
  for (const event of advanced.events) {
    if (isNews(event, previous)) state.emit({ type: "run", key: one.task.key, attempt: one.attempt, event });
  }
  if (submission.state === "finished") {
    await observeEnd(state, one, submission.result);
    return endWith(state, one, submission.result);
  }
  if (submission.state !== "active") return;
  await observeQueue(state, { one, submission });
  const ready = submission.request.startsSession
    ? await sessionResult(state.deps, submission, { submitted: "yes", signal: state.signal })
    : undefined;
  if (ready !== undefined) return endWith(state, one, ready);
  if (await enforceLimits(state, { one, submission })) {
    const { message = "" } = one.exceeded ?? {};
    const facts = { kind: "timeout", status: "timeout", submitted: "yes", message } as const;
    return endWith(state, one, toRunResult(submission.run, facts));
  }
}

/** Thousands of runs are polled: only what has changed is reported. */
function isNews(event: RunEvent, { run }: ActiveSubmission): boolean {
  if (event.type === "status") return event.platformStatus !== run.platformStatus || event.position !== null;
  return event.type === "unknown-status" || event.type === "duplicate-cancelled";
}

async function endWith(state: BatchState, one: TrackedTask, ended: RunResult): Promise<void> {
  const { exceeded, isAttached, submission } = one;
  const result = { ...asTimedOut(ended, exceeded), submitted: isAttached ? "no" : "yes" } as const;
  // Its limit could not be stored before it was cancelled.
  if (submission?.state === "finished" && result.status !== ended.status) {
    one.submission = { ...submission, result };
    await keepObserved(state, one);
  }
  endAttempt(state, one, resultEnd(result, one));
}
