/** Schedules as text: next occurrences and policies. Pure. */

import type { Backfill, Occurrence, Overlap, Schedule } from "../../scheduler/schedule.ts";
import { formatExactDuration } from "../../duration.ts";
import type { Style } from "../terminal/style.ts";
import { formatScheduled } from "../terminal/time_text.ts";

export interface ScheduleView {
  readonly schedule: Schedule;
  /** Whether it runs on the selected timeline. */
  readonly isEnabled: boolean;
  readonly next: readonly Occurrence[];
}

/** How overlapping and missed occurrences and long runs are handled. */
export function policyLines(schedule: Schedule): string[] {
  const { overlap, backfill, deadlineMs, onDeadline, jitterMs, notify } = schedule;
  return [
    OVERLAP_TEXTS[overlap],
    backfillText(backfill),
    deadlineMs === null
      ? "no deadline"
      : `${onDeadline === "cancel" ? "cancelled" : "reported"} after ${formatExactDuration(deadlineMs)}`,
    ...(jitterMs === 0 ? [] : [`starts up to ${formatExactDuration(jitterMs)} after the scheduled time`]),
    // A webhook URL may contain a secret, so only its host is shown.
    ...notify.map(({ url, on, secretEnv }) =>
      `notifies ${new URL(url).host} of ${on.join(", ")}${secretEnv === null ? "" : ` (signed with ${secretEnv})`}`
    ),
  ];
}

const OVERLAP_TEXTS = {
  skip: "skipped while the previous run is active",
  queue: "waits while the previous run is active",
  allow: "runs in parallel with the previous run",
  "cancel-previous": "cancels the previous run if it is active",
} as const satisfies Record<Overlap, string>;

function backfillText(backfill: Backfill): string {
  if (backfill === "none") return "missed occurrences are reported, not run";
  if (backfill === "last" || backfill.all === 1) return "after an outage, runs the last missed occurrence";
  return `after an outage, runs the last ${backfill.all} missed occurrences`;
}

export function renderSchedule({ schedule, isEnabled, next }: ScheduleView, style: Style): string {
  const { name, workflow, suite, cron, timeZone, timelines } = schedule;
  const state = isEnabled ? style.green("on") : style.yellow("off");
  const where = timelines.length === 0 ? "disabled" : `on ${timelines.join(", ")}`;
  return [
    `${style.bold(name)}  ${state}  ${style.dim(where)}`,
    `  ${suite ?? workflow}  ${cron}  ${timeZone}`,
    ...next.map(({ scheduledAtMs: atMs }) => {
      const utc = timeZone === "UTC" ? "" : style.dim(`  ${new Date(atMs).toISOString().slice(0, 16)}Z`);
      return `  ${formatScheduled(atMs, timeZone)}${utc}`;
    }),
    ...policyLines(schedule).map((line) => style.dim(`  - ${line}`)),
  ].join("\n");
}
