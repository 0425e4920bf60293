import { defineSchedules } from "../../lib/scheduler/define.ts";
import type { Schedule } from "../../lib/scheduler/schedule.ts";

const WORKFLOWS = 40;

/** Hourly schedules, spread over the minutes of the hour and over workflows. */
export function scaleSchedules(count: number): readonly Schedule[] {
  return defineSchedules(
    Array.from({ length: count }, (_, index) => ({
      name: `s${index}`,
      cron: `${index % 60} * * * *`,
      workflow: `w${index % WORKFLOWS}`,
    })),
  );
}
