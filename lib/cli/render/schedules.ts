/** Schedules in words: when they come next, and what becomes of what goes wrong. Pure. */

import type { CatchUp, Occurrence, Overlap, Schedule } from "../../scheduler/schedule.ts";
import { formatDuration } from "../../duration.ts";
import type { Style } from "../terminal/style.ts";

/** A schedule with its next slots. */
export interface ScheduleView {
  readonly schedule: Schedule;
  /** Whether it runs on the timeline that was asked about. */
  readonly isEnabled: boolean;
  readonly next: readonly Occurrence[];
}

/** A paragraph each. */
export function renderSchedules(views: readonly ScheduleView[], style: Style): string {
  return views.map((view) => renderSchedule(view, style)).join("\n\n");
}

/** `Sun 2026-03-29 03:00 +02:00`, in the zone's own time. */
export function formatLocal(atMs: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "longOffset",
  });
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const [weekday, year, month, day, hour, minute] = (["weekday", "year", "month", "day", "hour", "minute"] as const)
    .map((part) => parts.get(part));
  const offset = parts.get("timeZoneName")?.replace("GMT", "") || "+00:00";
  return `${weekday} ${year}-${month}-${day} ${hour}:${minute} ${offset}`;
}

/** What becomes of slots in the way of each other, of missed ones and of long runs. */
export function policyWords(schedule: Schedule): string[] {
  const { overlap, catchUp, deadlineMs, onDeadline, jitterMs, notify } = schedule;
  return [
    OVERLAP_WORDS[overlap],
    catchUpWords(catchUp),
    deadlineMs === null
      ? "may take as long as it likes"
      : `${onDeadline === "cancel" ? "is cancelled" : "is reported"} after ${formatDuration(deadlineMs)}`,
    ...(jitterMs === 0 ? [] : [`starts up to ${formatDuration(jitterMs)} after the slot`]),
    // An address may hold a secret: its host tells enough.
    ...notify.map(({ url, on, secretEnv }) =>
      `tells ${new URL(url).host} when ${on.join(", ")}${secretEnv === null ? "" : ` (signed with ${secretEnv})`}`
    ),
  ];
}

const OVERLAP_WORDS = {
  skip: "skipped while the one before still runs",
  queue: "waits while the one before still runs",
  allow: "runs beside the one before",
  "cancel-previous": "cancels the one before if it still runs",
} as const satisfies Record<Overlap, string>;

function catchUpWords(catchUp: CatchUp): string {
  if (catchUp === "none") return "missed slots are reported, not made up for";
  if (catchUp === "last" || catchUp.all === 1) return "of missed slots, the last is made up for";
  return `of missed slots, the last ${catchUp.all} are made up for`;
}

function renderSchedule({ schedule, isEnabled, next }: ScheduleView, style: Style): string {
  const { name, workflow, cron, timeZone, timelines } = schedule;
  const state = isEnabled ? style.green("on") : style.yellow("off");
  const where = timelines.length === 0 ? "switched off" : `on ${timelines.join(", ")}`;
  return [
    `${style.bold(name)}  ${state}  ${style.dim(where)}`,
    `  ${workflow}  ${cron}  ${timeZone}`,
    ...next.map(({ atMs }) => {
      const utc = timeZone === "UTC" ? "" : style.dim(`  ${new Date(atMs).toISOString().slice(0, 16)}Z`);
      return `  ${formatLocal(atMs, timeZone)}${utc}`;
    }),
    ...policyWords(schedule).map((words) => style.dim(`  - ${words}`)),
  ].join("\n");
}
