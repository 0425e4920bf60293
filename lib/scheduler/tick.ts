/**
 * One tick: polls what is open, submits what is due, notifies, and returns. It never waits for a run. Each step is one
 * atomic change that checks the lock, so a tick that dies between two of them is continued by the next, and two at once
 * can't do the same thing twice. Both happen: a host may run several instances at a time, and ends one five seconds after
 * it has announced that (Deno Deploy reference, "Runtime").
 */

import { isTracked, shortened } from "../store/submission_rows.ts";
import { findDueUpdate, scheduleProgressAt } from "./occurrences.ts";
import {
  acquireTickLock,
  listDueMessages,
  listWaitingOccurrences,
  pruneServiceProblems,
  readScheduleProgress,
  readTickState,
  recordIdleTick,
  releaseTickLock,
  scheduleProgressKey,
  type TickLog,
  waitingKey,
  type WaitingOccurrence,
} from "./scheduler_store.ts";
import { NO_TICK, type Service, type TickContext, type TickOptions, type TickReport } from "./service.ts";

/** As the cron trigger calls it. */
export const DEFAULT_TICK: TickOptions = { isScheduled: true, budgetMs: 25_000, maxPolls: 1_000 };

const MINUTE_MS = 60_000;
/** A tick that dies leaves the next one its place: the lock ends before a minute has passed. */
const LOCK_MS = 50_000;
/** Clocks differ by less: a lock that ends later was acquired before the clock was set back. */
const MAX_LOCKED_MS = 10 * MINUTE_MS;
const RETENTION_MS = 90 * 24 * 60 * MINUTE_MS;
const MAX_SUBMISSIONS = 20_000;

/**
 * Does what is due, and returns. Most ticks find nothing to do: those only read, log that they came, and load and set no
 * timer for what they don't need.
 *
 * @throws StorageError and what else a tick can't continue without; the next one tries again.
 */
export async function tick(service: Service, options: TickOptions = DEFAULT_TICK): Promise<TickReport> {
  const { kv, deps } = service;
  const startedMs = deps.clock.now();
  const [state, hasWork] = await Promise.all([readTickState(kv), isAnythingOpen(service, startedMs)]);
  const lockedMs = state.lockedUntilMs - startedMs;
  const isLocked = lockedMs > 0 && lockedMs <= MAX_LOCKED_MS;
  // A schedule that came with this revision was there before the minute of its first tick began.
  const sinceMs = options.isScheduled ? startedMs - startedMs % MINUTE_MS - 1 : startedMs;
  const pendingNow = () => findPending(service, startedMs, sinceMs);
  const missedTicks = options.isScheduled ? missedSince(state.log, startedMs) : 0;
  if (missedTicks > 0) deps.log("WARNING", `${missedTicks} ${missedTicks === 1 ? "tick was" : "ticks were"} missed`);
  // A tick on request writes no log: what it read before it had the lock may have been replaced since.
  const logOf = (error: string | null): TickLog | null => {
    const missed = (state.log?.missed ?? 0) + missedTicks;
    const tookMs = deps.clock.now() - startedMs;
    // A text of any length would not fit into a row, and the lock is released in the same change.
    return options.isScheduled ? { startedMs, tookMs, missed, error: shortened(error) } : null;
  };
  if (isLocked || !hasWork && (await pendingNow()).length === 0) {
    await prune(service);
    // It came, also during one on request. Finding nothing to do does not show that what failed works again.
    const log = logOf(state.log?.error ?? null);
    if (log !== null) await recordIdleTick(kv, state, log);
    return { ...NO_TICK, didTick: !isLocked, missedTicks };
  }

  const lock = await acquireTickLock(kv, state, startedMs + LOCK_MS);
  if (lock === undefined) return NO_TICK;
  using deadline = deps.clock.timeout(options.budgetMs);
  const signal = AbortSignal.any([deadline.signal, ...options.signal === undefined ? [] : [options.signal]]);
  let failure: string | null = null;
  try {
    const { runTickWork } = await import("./tick_work.ts");
    // Read under the lock: of several processes that tick at once, one reads it all, and as it is now.
    const [pending, waiting, open] = await Promise.all([
      pendingNow(),
      listWaitingOccurrences(kv),
      Array.fromAsync(deps.store.openRows("service")),
    ]);
    const schedules = new Map(service.schedules.map((schedule) => [schedule.name, schedule]));
    const context = { service, schedules, lock, signal };
    const { error, ...done } = await runTickWork(context, {
      ...options,
      waiting: [...waiting, ...await storeDue(context, pending)],
      open: open.filter(isTracked),
    });
    await prune(service);
    if (error !== null) throw error;
    failure = done.failure;
    return { didTick: true, missedTicks, ...done };
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    // Only the signal's own reason, which everything it aborts rejects with: a bug at that time remains one.
    if (signal.aborted && error === signal.reason) {
      return { ...NO_TICK, didTick: true, missedTicks, isCutShort: true };
    }
    throw error;
  } finally {
    await releaseTickLock(kv, lock, logOf(failure));
  }
}

function missedSince(log: TickLog | null, nowMs: number): number {
  return log === null ? 0 : Math.max(0, Math.round((nowMs - log.startedMs) / MINUTE_MS) - 1);
}

/** Whether there is anything to do, apart from schedules that are due. */
export async function isAnythingOpen({ kv, deps }: Service, nowMs: number): Promise<boolean> {
  const hasTracked = async () => {
    for await (const row of deps.store.openRows("service")) if (isTracked(row)) return true;
    return false;
  };
  const [waiting, unreported, outbox, isOpen] = await Promise.all([
    listWaitingOccurrences(kv, 1),
    deps.store.listUnreported(1),
    listDueMessages(kv, nowMs, 1),
    hasTracked(),
  ]);
  return isOpen || waiting.length + unreported.length + outbox.length > 0;
}

/** A schedule whose progress has to be written; `update` is what is due, `null` when the schedule was disabled. */
export type PendingSchedule = Awaited<ReturnType<typeof findPending>>[number];

async function findPending({ kv, schedules, timeline }: Service, nowMs: number, sinceMs: number) {
  const reads = await readScheduleProgress(kv, schedules.map(({ name }) => name));
  return schedules.flatMap((schedule, index) => {
    const read = reads[index];
    if (read === undefined) return [];
    // What passes while a schedule is disabled is not missed.
    const update = schedule.timelines.includes(timeline)
      ? findDueUpdate(schedule, read.value, nowMs, sinceMs)
      : read.value === null
      ? undefined
      : null;
    return update === undefined ? [] : [{ schedule, read, update }];
  });
}

async function prune({ kv, deps }: Service): Promise<void> {
  // Now and then is enough.
  if (deps.random() > 1 / 60) return;
  const beforeMs = deps.clock.now() - RETENTION_MS;
  await pruneServiceProblems(kv, beforeMs);
  for (const scope of ["service", "suite"] as const) await deps.store.prune({ scope, beforeMs, keep: MAX_SUBMISSIONS });
}

/** An atomic change holds 90 checks, 900 mutations and 60,000 bytes of keys on every backend. */
const MAX_SCHEDULES = 80;
const MAX_OCCURRENCES = 200;

/**
 * Stores as many schedules per atomic change as it holds. After an outage one schedule may have more than that: it is
 * stored in steps, the earliest first. What is missed comes before what is backfilled, so that a tick which continues
 * after a step finds what was left.
 *
 * @returns The occurrences that now wait to be submitted, or to be reported as missed.
 */
export async function storeDue(
  { service: { kv }, lock, signal }: TickContext,
  pending: readonly PendingSchedule[],
): Promise<readonly WaitingOccurrence[]> {
  const stored: WaitingOccurrence[] = [];
  const left = pending.map((item) => ({ ...item, versionstamp: item.read.versionstamp, occurrences: waitingOf(item) }));
  while (left.length > 0 && !signal.aborted) {
    const change = kv.atomic().check(lock);
    const step: WaitingOccurrence[] = [];
    let split: typeof left = [];
    for (let count = 0; count < MAX_SCHEDULES && step.length < MAX_OCCURRENCES; count++) {
      const item = left.shift();
      if (item === undefined) break;
      const { schedule, update, versionstamp, occurrences } = item;
      const part = occurrences.slice(0, MAX_OCCURRENCES - step.length);
      const last = part.length < occurrences.length ? part.at(-1) : undefined;
      const key = scheduleProgressKey(schedule.name);
      change.check({ key, versionstamp });
      if (update === null) change.delete(key);
      else change.set(key, last === undefined ? update.progress : scheduleProgressAt(schedule, last.scheduledAtMs));
      for (const occurrence of part) change.set(waitingKey(occurrence), occurrence);
      step.push(...part);
      if (last !== undefined) split = [{ ...item, occurrences: occurrences.slice(part.length) }];
    }
    const versionstamp = await change.commit();
    // The lock is lost: another tick does the rest.
    if (versionstamp === undefined) return stored;
    stored.push(...step);
    left.unshift(...split.map((item) => ({ ...item, versionstamp })));
  }
  return stored;
}

function waitingOf({ update }: PendingSchedule): readonly WaitingOccurrence[] {
  if (update === null) return [];
  const message = `No tick came in time${update.hasMoreMissed ? ", nor for many before it" : ""}`;
  return [
    ...update.missed.map((occurrence) => ({ ...occurrence, missed: message })),
    ...update.due.map((occurrence) => ({ ...occurrence, missed: null })),
  ];
}
