/** What the steps of a tick work with. */

import type { FoundEntry } from "../store/kv.ts";
import type { DueOccurrences, ScheduleProgress } from "./due.ts";
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
