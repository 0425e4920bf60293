/**
 * Compares our poll intervals with fixed ones: how late the end of a run is detected, and how many polls that takes.
 * Simulates runs from seconds to hours without waiting.
 */

import { DEFAULT_POLL_INTERVAL, pollDelayMs } from "../lib/runs/poll_interval.ts";

const RUNS = 20_000;
const MIN_INTERVAL_MS = 5_000;
const MAX_DURATION_MS = 4 * 3_600_000;

type Interval = (elapsedMs: number) => number;

const INTERVALS: readonly (readonly [string, Interval])[] = [
  ["ours", (elapsedMs) => pollDelayMs(elapsedMs, DEFAULT_POLL_INTERVAL, Math.random)],
  ["every 2 s", () => 2_000],
  ["every 5 s", () => 5_000],
  ["every 15 s", () => 15_000],
  ["every 60 s", () => 60_000],
];

/** Prints a row per interval, for short, medium and long runs. */
export function benchPollInterval(print: (line: string) => void): void {
  const durationsMs = Array.from(
    { length: RUNS },
    (_, index) => MIN_INTERVAL_MS * (MAX_DURATION_MS / MIN_INTERVAL_MS) ** ((index + 0.5) / RUNS),
  );
  const bands = [
    ["up to 1 min", durationsMs.filter((durationMs) => durationMs <= 60_000)],
    ["up to 15 min", durationsMs.filter((durationMs) => durationMs > 60_000 && durationMs <= 900_000)],
    ["up to 4 h", durationsMs.filter((durationMs) => durationMs > 900_000)],
  ] as const;
  print("interval      " + bands.map(([name]) => name.padEnd(30)).join(""));
  for (const [name, interval] of INTERVALS) {
    const cells = bands.map(([, band]) => {
      const tracked = band.map((durationMs) => track(durationMs, interval));
      const polls = mean(tracked.map((one) => one.polls));
      const lateMs = mean(tracked.map((one) => one.lateMs));
      const share = mean(tracked.map((one, index) => one.lateMs / (band[index] ?? NaN)));
      return `${(lateMs / 1000).toFixed(1)} s late (${(share * 100).toFixed(1)} %), ${polls.toFixed(0)} polls`.padEnd(
        30,
      );
    });
    print(name.padEnd(14) + cells.join(""));
  }
}

function track(durationMs: number, interval: Interval): { readonly polls: number; readonly lateMs: number } {
  let polls = 0;
  let nowMs = 0;
  while (nowMs < durationMs) {
    nowMs += interval(nowMs);
    polls++;
  }
  return { polls, lateMs: nowMs - durationMs };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
