/**
 * When to poll a run whose workflow has run before. Pure.
 *
 * With a price c for a poll, the sum of polls and delay is least where the density of polls is √(h / 2c), h being the hazard
 * (Keller, Management Science 21, 1974). Here c follows from the polls that the base schedule would be expected to take.
 */

import { type DurationEstimate, interpolate, survivalAt } from "./durations.ts";
import { pollDelayMs, type PollInterval } from "./poll_interval.ts";

export interface PollPlan {
  /** Ages of the run at which to poll it, ascending, milliseconds. */
  readonly pollsMs: readonly number[];
  /** What follows, and what the plan is measured against. */
  readonly base: PollInterval;
}

/** Of the polls that the base schedule is expected to take. */
const BUDGET = 0.95;
/** For runs that end before the first poll of the base schedule: it would take one. */
const MIN_BUDGET = 1.3;
const BISECTIONS = 26;
const MIN_GAP_MS = 2_000;
const MIN_FIRST_MS = 1_000;
/** A poll that is due sooner after a late one is left out. */
const MIN_REST_MS = 500;
/** A run that has never lasted so long, in the longest durations seen, is polled by the base schedule. */
const PLAN_REACH = 1.5;
/** At no moment are there more polls than this, in those of the base schedule, and {@link EXTRA_POLLS} more. */
const MAX_POLLS_OF_BASE = 1.5;
const EXTRA_POLLS = 2;
/** The longest gap, as a part of the run's age. */
const MAX_GAP_OF_AGE = 1 / 2;
/** The largest part of a gap by which a poll is delayed, so that many clients do not poll in lockstep. */
const JITTER = 0.1;

/** Plans at most as many polls as the base schedule would be expected to take, where the run is likely to end. */
export function planPolls(estimate: DurationEstimate, base: PollInterval): PollPlan {
  const endMs = PLAN_REACH * estimate.longestMs;
  const basePollsMs = basePolls(base, endMs);
  const effort = cumulativeEffort(estimate);
  const budget = Math.max(MIN_BUDGET, BUDGET * expectedPolls(estimate, basePollsMs));
  let [low, high] = [0, effort.at(-1) ?? 0];
  let pollsMs: readonly number[] = [];
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = step === 0 ? high : (low + high) / 2;
    const candidate = place({ estimate, effort, basePollsMs, base, endMs }, middle);
    const isWithin = expectedPolls(estimate, candidate) <= budget;
    if (isWithin || step === 0) pollsMs = candidate;
    if (isWithin) high = middle;
    else low = middle;
  }
  return { pollsMs, base };
}

/**
 * How long to wait before the next poll.
 *
 * @param elapsedMs Since the run started.
 */
export function plannedDelayMs({ pollsMs, base }: PollPlan, elapsedMs: number, random: () => number): number {
  const afterMs = Math.max(0, elapsedMs) + MIN_REST_MS;
  const nextMs = pollsMs.find((ageMs) => ageMs >= afterMs) ?? basePolls(base, afterMs).at(-1) ?? 0;
  return (nextMs - Math.max(0, elapsedMs)) * (1 + JITTER * random());
}

/** The ages at which the base schedule polls, up to the first from `endMs` on. */
export function basePolls(base: PollInterval, endMs: number): readonly number[] {
  const pollsMs: number[] = [];
  for (let ageMs = 0; ageMs < endMs;) pollsMs.push(ageMs += pollDelayMs(ageMs, base, () => 0));
  return pollsMs;
}

/** A poll is made if the run has not ended by the one before it. */
export function expectedPolls(estimate: DurationEstimate, pollsMs: readonly number[]): number {
  return pollsMs.reduce((sum, ageMs) => sum + survivalAt(estimate, ageMs), 1);
}

/** ∫√h up to each age of the estimate. */
function cumulativeEffort({ agesMs, hazard }: DurationEstimate): Float64Array {
  const effort = new Float64Array(agesMs.length);
  for (let index = 1; index < agesMs.length; index++) {
    const [from, to] = [Math.sqrt(hazard[index - 1] ?? 0), Math.sqrt(hazard[index] ?? 0)];
    effort[index] = (effort[index - 1] ?? 0) + ((agesMs[index] ?? 0) - (agesMs[index - 1] ?? 0)) * (from + to) / 2;
  }
  return effort;
}

/** Polls with equal effort between them, within the limits of gaps and numbers. */
function place(
  { estimate: { agesMs }, effort, basePollsMs, base, endMs }: {
    readonly estimate: DurationEstimate;
    readonly effort: Float64Array;
    readonly basePollsMs: readonly number[];
    readonly base: PollInterval;
    readonly endMs: number;
  },
  effortPerPoll: number,
): readonly number[] {
  const pollsMs: number[] = [];
  let ageMs = 0;
  while (true) {
    const wanted = interpolate(agesMs, effort, ageMs) + effortPerPoll;
    const minGapMs = pollsMs.length === 0 ? MIN_FIRST_MS : MIN_GAP_MS;
    const maxGapMs = Math.max(base.maxPollIntervalMs, MAX_GAP_OF_AGE * ageMs);
    const allowed = Math.ceil((pollsMs.length + 1 - EXTRA_POLLS) / MAX_POLLS_OF_BASE);
    const allowedAtMs = allowed <= 0 ? 0 : basePollsMs[allowed - 1] ?? Infinity;
    const plannedMs = Math.min(interpolate(effort, agesMs, wanted), ageMs + maxGapMs);
    ageMs = Math.max(plannedMs, ageMs + minGapMs, allowedAtMs);
    if (ageMs > endMs) return pollsMs;
    pollsMs.push(ageMs);
  }
}
