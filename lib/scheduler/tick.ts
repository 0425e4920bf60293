/**
 * One tick: submits what is due, polls open runs once, sends notifications, and ends. It never waits for a run. Each step
 * is one atomic operation, so that the next tick continues after one that dies between two steps, and concurrent ticks
 * can't do the same thing twice. Both happen: a host may run several instances at a time, and ends an instance five
 * seconds after announcing it (Deno Deploy reference, "Runtime").
 */

import { findDueUpdate } from "./due.ts";
import { runsOn } from "./schedule.ts";
import type { Service } from "./service.ts";
import { openSubmissionsOf } from "./open_submissions.ts";
import type { TickLog } from "./scheduler_store.ts";
import type { ScheduleUpdate } from "./tick_work.ts";

export interface TickOptions {
  /** False for a tick on request, which does not count as one of the cron trigger. */
  readonly isScheduled: boolean;
  /** No new work starts after this time. */
  readonly budgetMs: number;
  readonly maxPolls: number;
}

/** For the cron trigger. */
export const DEFAULT_TICK: TickOptions = { isScheduled: true, budgetMs: 25_000, maxPolls: 200 };

export interface TickReport {
  /** False if another tick holds the lock. */
  readonly didTick: boolean;
  readonly submitted: number;
  readonly polled: number;
  /** The number of messages delivered to webhooks. */
  readonly delivered: number;
  /** The number of ticks that should have come since the previous one. */
  readonly missedTicks: number;
  /** True if the budget ran out; the next tick continues. */
  readonly isCutShort: boolean;
}

const MINUTE_MS = 60_000;
/** Expires before the next tick, in case this one dies. */
const LOCK_MS = 50_000;
const RETENTION_MS = 90 * 24 * 60 * MINUTE_MS;
const MAX_SUBMISSIONS = 20_000;
/** Far more than an hour's worth: thirty schedules that fire every minute create about 5000 occurrences and notifications. */
const MAX_PRUNED = 10_000;

/**
 * Runs one tick. Most ticks find nothing to do: they only read, record that they ran, and neither load nor set a timer
 * for anything else.
 *
 * @throws StorageError and other errors that end a tick; the next one tries again.
 */
export async function tick(service: Service, options: TickOptions = DEFAULT_TICK): Promise<TickReport> {
  const { schedulerStore, deps } = service;
  const startedMs = deps.clock.now();
  const [state, updates, open, submissions, outboxMessages] = await Promise.all([
    schedulerStore.readLock(),
    findUpdates(service, startedMs),
    schedulerStore.listOpenOccurrences(),
    openSubmissionsOf(deps.store),
    schedulerStore.listDueMessages(startedMs, 1),
  ]);
  if (state.lockedUntilMs > startedMs) return NO_TICK;
  const missedTicks = options.isScheduled ? missedSince(state.log, startedMs) : 0;
  if (missedTicks > 0) deps.log("WARNING", `Missed ${missedTicks} ticks`);
  const logOf = (error: string | null) => {
    const missed = (state.log?.missed ?? 0) + missedTicks;
    return options.isScheduled ? { startedMs, tookMs: deps.clock.now() - startedMs, missed, error } : state.log;
  };
  if (updates.length + open.length + submissions.length + outboxMessages.length === 0) {
    await prune(service);
    await schedulerStore.recordIdleTick(state, logOf(null));
    return { ...NO_TICK, didTick: true, missedTicks };
  }

  const lock = await schedulerStore.acquireLock(state, startedMs + LOCK_MS);
  if (lock === undefined) return NO_TICK;
  using deadline = deps.clock.timeout(options.budgetMs);
  let message: string | null = null;
  try {
    const { work } = await import("./tick_work.ts");
    const { error, ...counts } = await work(service, lock, { ...options, updates, signal: deadline.signal });
    await prune(service);
    if (error !== null) throw error;
    return { didTick: true, missedTicks, ...counts };
  } catch (error) {
    message = error instanceof Error ? error.message : String(error);
    if (deadline.signal.aborted) return { ...NO_TICK, didTick: true, missedTicks, isCutShort: true };
    throw error;
  } finally {
    await schedulerStore.releaseLock(lock, logOf(message));
  }
}

const NO_TICK: TickReport = {
  didTick: false,
  submitted: 0,
  polled: 0,
  delivered: 0,
  missedTicks: 0,
  isCutShort: false,
};

function missedSince(log: TickLog | null, nowMs: number): number {
  return log === null ? 0 : Math.max(0, Math.round((nowMs - log.startedMs) / MINUTE_MS) - 1);
}

async function findUpdates(
  { schedulerStore, schedules, timeline }: Service,
  nowMs: number,
): Promise<readonly ScheduleUpdate[]> {
  const entries = await schedulerStore.listProgress(schedules.map(({ name }) => name));
  return schedules.flatMap((schedule, index): ScheduleUpdate[] => {
    const entry = entries[index];
    if (entry === undefined) return [];
    // Occurrences while the schedule is disabled are not missed.
    if (!runsOn(schedule, timeline)) return entry.value === null ? [] : [{ schedule, entry, due: null }];
    const due = findDueUpdate(schedule, entry.value, nowMs);
    return due === undefined ? [] : [{ schedule, entry, due }];
  });
}

async function prune({ schedulerStore, deps }: Service): Promise<void> {
  // About once an hour.
  if (deps.random() > 1 / 60) return;
  const beforeMs = deps.clock.now() - RETENTION_MS;
  await schedulerStore.prune(beforeMs, MAX_PRUNED);
  await deps.store.prune(null, { beforeMs, keep: MAX_SUBMISSIONS });
}
