/** One look at a run that is known to exist. */

import { NotFound, RunnerError } from "../errors.ts";
import type { Run, RunDetail, RunEvent, RunRecord, RunResult, SeenRecord } from "../model.ts";
import type { Deps } from "./deps.ts";
import { digestFailure } from "./failure.ts";
import { lookDelayMs } from "./pace.ts";
import { learn, type Turn, type TurnOptions } from "./turn.ts";
import { handleOf, isAnythingRunning, KIND_OF_STATUS, positionOf, resultOf } from "./view.ts";

/** A failing run whose steps never stop is called failed all the same after this long. */
const FAILING_MS = 10 * 60_000;

/** Right after its submit a run may not show yet: only this many looks over this long say that it was deleted. */
const LEAST_MISSING_LOOKS = 3;
const MISSING_MS = 60_000;

/** An outage shorter than this is nobody's concern. */
const NOTABLE_OUTAGE_MS = 10_000;

/** Reads the run's own page and moves the record on. */
export async function look(deps: Deps, record: SeenRecord, options: TurnOptions): Promise<Turn> {
  try {
    const run = await deps.client.getRun(record.handle, { signal: options.signal, retry: "none" });
    return await afterLook(deps, record, run, options);
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    return error instanceof NotFound
      ? await afterMissing(deps, record, error, options)
      : await afterFailedLook(deps, record, error, options);
  }
}

/** Moves the record on by what a list said of its run: enough while it goes on, never enough to settle it. */
export async function afterListed(deps: Deps, record: SeenRecord, run: Run, options: TurnOptions): Promise<Turn> {
  return await goOn(deps, record, run, options);
}

async function afterLook(deps: Deps, record: SeenRecord, run: RunDetail, options: TurnOptions): Promise<Turn> {
  const turn = await goOn(deps, record, run, options);
  if (turn.record.state !== "seen" || !isAtItsEnd(turn.record, run, deps.clock.now())) return turn;
  const status = run.status === "completed" || run.status === "cancelled" ? run.status : "failed";
  const failure = status === "failed" ? await digestFailure(deps, run, options) : undefined;
  const result = resultOf(run, { kind: KIND_OF_STATUS[status], status, submitted: options.submitted, failure });
  return await settle(deps, turn, result);
}

async function goOn(deps: Deps, record: SeenRecord, run: Run | RunDetail, options: TurnOptions): Promise<Turn> {
  const nowMs = deps.clock.now();
  const elapsedMs = Math.max(0, nowMs - record.startedAtMs);
  const moved = await learn(deps, record, {
    type: "looked",
    run,
    handle: run.slug === null ? record.handle : handleOf(run, record.request.workflow),
    lookAtMs: nowMs + lookDelayMs(elapsedMs, options.pace, deps.random),
  });
  const events: RunEvent[] = [];
  const base = { wishId: record.wishId, atMs: nowMs };
  if (record.lostSinceMs !== null && isNotable(record.lostSinceMs, record.updatedAtMs)) {
    events.push({ ...base, type: "contact-back", lostForMs: nowMs - record.lostSinceMs });
  }
  const isNewWord = !run.isStatusKnown &&
    (record.run.platformStatus !== run.platformStatus || record.seenAtMs === record.startedAtMs);
  if (isNewWord) events.push({ ...base, type: "unknown-word", word: run.platformStatus });
  events.push({
    ...base,
    type: "status",
    status: run.status,
    platformStatus: run.platformStatus,
    elapsedMs,
    position: "jobs" in run ? positionOf(run.jobs) : null,
  });
  return { record: moved, events };
}

function isAtItsEnd(record: SeenRecord, run: RunDetail, nowMs: number): boolean {
  switch (run.phase) {
    case "ended":
      return true;
    case "failing":
      return !isAnythingRunning(run.jobs) || nowMs - (record.failingSinceMs ?? nowMs) >= FAILING_MS;
    case "going":
      return false;
  }
}

async function afterMissing(deps: Deps, record: SeenRecord, error: NotFound, options: TurnOptions): Promise<Turn> {
  const moved = await learn(deps, record, { type: "missing", lookAtMs: nextLookMs(deps, record, options, undefined) });
  if (moved.state !== "seen" || moved.missingSinceMs === null) return { record: moved, events: [], trouble: error };
  const isGone = moved.missingLooks >= LEAST_MISSING_LOOKS && deps.clock.now() - moved.missingSinceMs >= MISSING_MS;
  if (!isGone) return { record: moved, events: [], trouble: error };
  const result = resultOf(moved.run, {
    kind: "run_deleted",
    status: "unknown",
    submitted: options.submitted,
    message: "The run was there and is gone: somebody deleted it. It is not submitted again",
  });
  return await settle(deps, { record: moved, events: [] }, result);
}

async function afterFailedLook(
  deps: Deps,
  record: SeenRecord,
  error: RunnerError,
  options: TurnOptions,
): Promise<Turn> {
  const retryAfterMs = "retryAfterMs" in error && typeof error.retryAfterMs === "number"
    ? error.retryAfterMs
    : undefined;
  const lookAtMs = nextLookMs(deps, record, options, retryAfterMs);
  const moved = await learn(deps, record, { type: "look-failed", lookAtMs });
  const nowMs = deps.clock.now();
  const lostSinceMs = record.lostSinceMs ?? nowMs;
  const isNews = isNotable(lostSinceMs, nowMs) &&
    !(record.lostSinceMs !== null && isNotable(record.lostSinceMs, record.updatedAtMs));
  const events: RunEvent[] = isNews
    ? [{ type: "contact-lost", wishId: record.wishId, atMs: nowMs, reason: error.message }]
    : [];
  return { record: moved, events, trouble: error };
}

async function settle(deps: Deps, turn: Turn, result: RunResult): Promise<Turn> {
  const record: RunRecord = await learn(deps, turn.record, { type: "ended", result });
  return { record, events: turn.events };
}

function nextLookMs(deps: Deps, record: SeenRecord, { pace }: TurnOptions, atLeastMs: number | undefined): number {
  const nowMs = deps.clock.now();
  return nowMs + lookDelayMs(nowMs - record.startedAtMs, pace, deps.random, atLeastMs);
}

function isNotable(lostSinceMs: number, untilMs: number): boolean {
  return untilMs - lostSinceMs >= NOTABLE_OUTAGE_MS;
}
