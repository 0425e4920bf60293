/** What the status page shows. */

import { runStatusOf } from "../../runs/view.ts";
import { isAbandoned, type Submission, suiteOf } from "../../submission.ts";
import type { OccurrenceEnd } from "../../scheduler/report_occurrences.ts";
import type { Notification, TickLog } from "../../scheduler/scheduler_store.ts";
import type { Schedule } from "../../scheduler/schedule.ts";

export interface PageFacts {
  /** The platform. */
  readonly host: string;
  readonly timeline: string;
  readonly nowMs: number;
  readonly hasEnabledSchedules: boolean;
  readonly ticks: TickLog | null;
  /** The number of finished runs by status. */
  readonly counts: Readonly<Record<string, number>>;
  readonly schedules: readonly ScheduleFacts[];
  /** May exceed the number of `open` ones. */
  readonly openCount: number;
  /** Those that have been open the longest. */
  readonly open: readonly OpenFacts[];
  readonly failures: readonly FailureFacts[];
  readonly notifications: readonly Pick<Notification, "occurrenceId" | "kind" | "createdAtMs" | "message">[];
}

export interface RunFacts {
  /** For `/runs/<id>`. */
  readonly id: string;
  readonly workflow: string;
  readonly displayName: string | null;
  readonly slug: string | null;
}

export interface OpenFacts extends RunFacts {
  readonly status: string;
  readonly sinceMs: number;
}

export interface FailureFacts extends RunFacts {
  readonly status: "failed" | "rejected";
  readonly atMs: number;
  readonly message: string;
  /** The last lines of each failed step. */
  readonly logs: readonly { readonly step: string; readonly lines: readonly string[] }[];
}

export interface ScheduleFacts extends Pick<Schedule, "name" | "suite" | "cron" | "timeZone" | "overlap"> {
  /** `null` if it runs a suite. */
  readonly workflow: string | null;
  readonly isEnabled: boolean;
  readonly nextMs: readonly number[];
  /** Newest first. */
  readonly results: readonly OccurrenceFacts[];
}

export interface OccurrenceFacts extends Omit<OccurrenceEnd, "status"> {
  readonly scheduledAtMs: number;
  readonly status: string;
}

/** Of its run or, as long as none is known, of the search for one. */
export function statusOf(submission: Submission): string {
  const open = suiteOf(submission) === undefined ? "pending" : "running";
  return runStatusOf(submission) ?? (isAbandoned(submission) ? "unknown" : open);
}
