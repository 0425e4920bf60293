/** What a tick is called with, what its steps work with, and what it reports. */

import type { FoundEntry } from "../store/kv.ts";
import type { DueOccurrences, ScheduleProgress } from "./occurrences.ts";
import type { Schedule } from "./schedule.ts";
import type { TickLock } from "./scheduler_store.ts";
import type { Service } from "./service.ts";

export interface TickContext {
  readonly service: Service;
  /** By name: there may be thousands. */
  readonly schedules: ReadonlyMap<string, Schedule>;
  readonly lock: TickLock;
  /** Aborts when the budget is spent. */
  readonly signal: AbortSignal;
}

/** A schedule whose progress has to be written. */
export interface PendingSchedule {
  readonly schedule: Schedule;
  readonly read: FoundEntry<ScheduleProgress>;
  /** What is due; `null` when the schedule was disabled. */
  readonly update: DueOccurrences | null;
}

export interface TickOptions {
  /** False for a tick between those of the cron trigger, which shows nothing about whether the trigger works. */
  readonly isScheduled: boolean;
  /** After this long nothing new is started, milliseconds. */
  readonly budgetMs: number;
  /** Runs polled at most. */
  readonly maxPolls: number;
  /** Ends the tick early: the process is about to end. */
  readonly signal?: AbortSignal;
}

export interface TickReport {
  /** False when another process was ticking. */
  readonly didTick: boolean;
  readonly submitted: number;
  readonly polled: number;
  /** Notifications accepted by webhooks. */
  readonly delivered: number;
  /** Minutes since the previous tick in which none came. */
  readonly missedTicks: number;
  /** True when the budget did not suffice; the next tick continues. */
  readonly isCutShort: boolean;
  /** Why nothing was submitted although something was due; `null` otherwise. The tick did all the rest. */
  readonly failure: string | null;
}
