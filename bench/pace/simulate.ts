/** Compares polling by experience with the base schedule, on simulated runs. Time is only counted. */

import { basePolls, estimateDurations, plannedDelayMs, planPolls, type PollPlan } from "../../lib/runs/durations.ts";
import { BASE_POLL_INTERVAL } from "../../lib/runs/poll_interval.ts";

type Random = () => number;

/** A duration for a mean, both in milliseconds. */
export type Draw = (meanMs: number, random: Random) => number;

export interface Comparison {
  /** Means over all runs. */
  readonly requests: number;
  readonly baseRequests: number;
  readonly delayMs: number;
  readonly baseDelayMs: number;
  /** The highest number of polls at any moment, less 1.5 times those of the base schedule by then. */
  readonly maxExcess: number;
}

export interface Setting {
  /** Mean durations, milliseconds. */
  readonly meansMs: readonly number[];
  /** How many earlier runs are known. */
  readonly known: number;
  /** How often the earlier runs are drawn for each mean. */
  readonly histories: number;
  /** How many runs are tracked with each. */
  readonly runs: number;
  readonly random: Random;
}

/**
 * @param draw Durations of the earlier runs.
 * @param drawTracked Durations of the runs that are tracked; the same by default.
 */
export function compare(draw: Draw, setting: Setting, drawTracked: Draw = draw): Comparison {
  const { meansMs, known, histories, runs, random } = setting;
  let [requests, baseRequests, delayMs, baseDelayMs, maxExcess, count] = [0, 0, 0, 0, 0, 0];
  for (const meanMs of meansMs) {
    for (let history = 0; history < histories; history++) {
      const endedMs = Array.from({ length: known }, () => draw(meanMs, random));
      const estimate = estimateDurations({ endedMs, censoredMs: [] });
      if (estimate === undefined) throw new TypeError("The simulated history is empty");
      const plan = planPolls(estimate, BASE_POLL_INTERVAL);
      for (let run = 0; run < runs; run++) {
        const durationMs = drawTracked(meanMs, random);
        const ours = track(plan, durationMs, random);
        const baseMs = basePolls(BASE_POLL_INTERVAL, durationMs);
        requests += ours.length;
        baseRequests += baseMs.length;
        delayMs += (ours.at(-1) ?? NaN) - durationMs;
        baseDelayMs += (baseMs.at(-1) ?? NaN) - durationMs;
        maxExcess = Math.max(maxExcess, excessOf(ours, baseMs));
        count++;
      }
    }
  }
  return {
    requests: requests / count,
    baseRequests: baseRequests / count,
    delayMs: delayMs / count,
    baseDelayMs: baseDelayMs / count,
    maxExcess,
  };
}

function track(plan: PollPlan, durationMs: number, random: Random): readonly number[] {
  const pollsMs: number[] = [];
  for (let ageMs = 0; ageMs < durationMs;) pollsMs.push(ageMs += plannedDelayMs(plan, ageMs, random));
  return pollsMs;
}

function excessOf(pollsMs: readonly number[], baseMs: readonly number[]): number {
  let made = 0;
  return pollsMs.reduce((most, ageMs, index) => {
    while (made < baseMs.length && (baseMs[made] ?? Infinity) <= ageMs) made++;
    return Math.max(most, index + 1 - 1.5 * made);
  }, 0);
}

/** Means between two, evenly on a logarithmic scale. */
export function logUniform(fromMs: number, toMs: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => fromMs * (toMs / fromMs) ** ((index + 0.5) / count));
}

/** Standard normal. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
