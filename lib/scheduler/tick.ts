/**
 * One tick: submits what is due, looks once at what is open, tells, and ends. It never waits for a run. Each step is
 * written down in one atomic operation, so that a tick which dies between any two of them is taken up by the next, and
 * two at once can't do the same thing twice. Both happen: a host may run several instances at a time, and ends one five
 * seconds after it has said so (Deno Deploy reference, "Runtime").
 */

import { findNews } from "./due.ts";
import { runsOn } from "./schedule.ts";
import type { Service } from "./service.ts";
import { openSubmissionsOf } from "./open_submissions.ts";
import type { TickLog } from "./scheduler_store.ts";
import type { Pending } from "./tick_work.ts";

export interface TickOptions {
  /** False for a tick between those of the bell, which says nothing of whether the bell rings. */
  readonly isScheduled: boolean;
  /** After this long no new thing is begun, milliseconds. */
  readonly budgetMs: number;
  /** At most so many runs are looked at. */
  readonly maxPolls: number;
}

/** As the bell rings it. */
export const DEFAULT_TICK: TickOptions = { isScheduled: true, budgetMs: 25_000, maxPolls: 200 };

export interface TickReport {
  /** False when another isolate was ticking. */
  readonly didTick: boolean;
  readonly submitted: number;
  readonly looked: number;
  readonly told: number;
  /** Minutes since the tick before in which none came. */
  readonly missedTicks: number;
  /** True when the budget did not suffice; the next tick goes on. */
  readonly isCutShort: boolean;
}

const MINUTE_MS = 60_000;
/** A tick that dies leaves the next one its place: the lease ends before a minute has passed. */
const LOCK_MS = 50_000;
const KEPT_MS = 90 * 24 * 60 * MINUTE_MS;
const MAX_RECORDS = 20_000;
/** An hour's worth, many times over: thirty schedules of every minute make some 5000 slots and reports. */
const MAX_PRUNED = 10_000;

/**
 * Does what is due, and ends. Most ticks find nothing to do: those only read, write down that they came, and load and
 * set no timer for what they don't need.
 *
 * @throws StorageError and what else a tick can't go on without; the next one tries again.
 */
export async function tick(service: Service, options: TickOptions = DEFAULT_TICK): Promise<TickReport> {
  const { schedulerStore, deps } = service;
  const startedMs = deps.clock.now();
  const [turn, pending, open, runs, outboxMessages] = await Promise.all([
    schedulerStore.turn(),
    findPending(service, startedMs),
    schedulerStore.openOccurrences(),
    openSubmissionsOf(deps.store),
    schedulerStore.dueOutboxMessages(startedMs, 1),
  ]);
  if (turn.lockedUntilMs > startedMs) return NO_TICK;
  const missedTicks = options.isScheduled ? missedSince(turn.log, startedMs) : 0;
  if (missedTicks > 0) deps.log("WARNING", `${missedTicks} ticks did not come`);
  const logOf = (error: string | null) => {
    const missed = (turn.log?.missed ?? 0) + missedTicks;
    return options.isScheduled ? { startedMs, tookMs: deps.clock.now() - startedMs, missed, error } : turn.log;
  };
  if (pending.length + open.length + runs.length + outboxMessages.length === 0) {
    await prune(service);
    await schedulerStore.recordIdleTick(turn, logOf(null));
    return { ...NO_TICK, didTick: true, missedTicks };
  }

  const lock = await schedulerStore.acquire(turn, startedMs + LOCK_MS);
  if (lock === undefined) return NO_TICK;
  using deadline = deps.clock.timeout(options.budgetMs);
  let error: string | null = null;
  try {
    const { work } = await import("./tick_work.ts");
    const done = await work(service, lock, { ...options, pending, signal: deadline.signal });
    await prune(service);
    if (done.trouble !== null) throw done.trouble;
    const { submitted, looked, told, isCutShort } = done;
    return { didTick: true, submitted, looked, told, missedTicks, isCutShort };
  } catch (problem) {
    error = problem instanceof Error ? problem.message : String(problem);
    if (deadline.signal.aborted) return { ...NO_TICK, didTick: true, missedTicks, isCutShort: true };
    throw problem;
  } finally {
    await schedulerStore.release(lock, logOf(error));
  }
}

const NO_TICK: TickReport = {
  didTick: false,
  submitted: 0,
  looked: 0,
  told: 0,
  missedTicks: 0,
  isCutShort: false,
};

function missedSince(log: TickLog | null, nowMs: number): number {
  return log === null ? 0 : Math.max(0, Math.round((nowMs - log.startedMs) / MINUTE_MS) - 1);
}

async function findPending(
  { schedulerStore, schedules, timeline }: Service,
  nowMs: number,
): Promise<readonly Pending[]> {
  const reads = await schedulerStore.progress(schedules.map(({ name }) => name));
  return schedules.flatMap((schedule, index): Pending[] => {
    const read = reads[index];
    if (read === undefined) return [];
    // What passes while it is switched off is not missed.
    if (!runsOn(schedule, timeline)) return read.value === null ? [] : [{ schedule, read, news: null }];
    const news = findNews(schedule, read.value, nowMs);
    return news === undefined ? [] : [{ schedule, read, news }];
  });
}

async function prune({ schedulerStore, deps }: Service): Promise<void> {
  // Now and then is enough.
  if (deps.random() > 1 / 60) return;
  const beforeMs = deps.clock.now() - KEPT_MS;
  await schedulerStore.prune(beforeMs, MAX_PRUNED);
  await deps.store.prune(null, { beforeMs, keep: MAX_RECORDS });
}
