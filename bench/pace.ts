/**
 * How good the pace is: how late the end of a run is noticed, against the requests spent, beside fixed schedules. On a
 * clock of its own, over runs from seconds to hours.
 */

import { DEFAULT_POLL_INTERVAL, pollDelayMs } from "../lib/runs/poll_interval.ts";

const RUNS = 20_000;
const MIN_INTERVAL_MS = 5_000;
const MAX_DURATION_MS = 4 * 3_600_000;

type Schedule = (elapsedMs: number) => number;

const SCHEDULES: readonly (readonly [string, Schedule])[] = [
  ["ours", (elapsedMs) => pollDelayMs(elapsedMs, DEFAULT_POLL_INTERVAL, Math.random)],
  ["every 2 s", () => 2_000],
  ["every 5 s", () => 5_000],
  ["every 15 s", () => 15_000],
  ["every 60 s", () => 60_000],
];

/** Prints a row per schedule, for short, middling and long runs. */
export function benchPace(print: (line: string) => void): void {
  const durationsMs = Array.from(
    { length: RUNS },
    (_, index) => MIN_INTERVAL_MS * (MAX_DURATION_MS / MIN_INTERVAL_MS) ** ((index + 0.5) / RUNS),
  );
  const bands = [
    ["up to 1 min", durationsMs.filter((durationMs) => durationMs <= 60_000)],
    ["up to 15 min", durationsMs.filter((durationMs) => durationMs > 60_000 && durationMs <= 900_000)],
    ["up to 4 h", durationsMs.filter((durationMs) => durationMs > 900_000)],
  ] as const;
  print("schedule      " + bands.map(([name]) => name.padEnd(30)).join(""));
  for (const [name, schedule] of SCHEDULES) {
    const cells = bands.map(([, band]) => {
      const watched = band.map((durationMs) => watch(durationMs, schedule));
      const polls = mean(watched.map((one) => one.polls));
      const lateMs = mean(watched.map((one) => one.lateMs));
      const share = mean(watched.map((one, index) => one.lateMs / (band[index] ?? NaN)));
      return `${(lateMs / 1000).toFixed(1)} s late (${(share * 100).toFixed(1)} %), ${polls.toFixed(0)} looks`.padEnd(
        30,
      );
    });
    print(name.padEnd(14) + cells.join(""));
  }
}

function watch(durationMs: number, schedule: Schedule): { readonly polls: number; readonly lateMs: number } {
  let polls = 0;
  let nowMs = 0;
  while (nowMs < durationMs) {
    nowMs += schedule(nowMs);
    polls++;
  }
  return { polls, lateMs: nowMs - durationMs };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
