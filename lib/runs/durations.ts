/** How long a workflow's runs take, estimated from earlier ones, and when to poll a run accordingly. Pure. */

import { pollDelayMs, type PollInterval } from "./poll_interval.ts";

/** What is known of earlier runs. */
export interface ObservedDurations {
  /** Of runs that completed or failed, milliseconds. */
  readonly endedMs: readonly number[];
  /** Of runs whose own end was not seen: how long they have been running, or ran until they were cancelled. */
  readonly censoredMs: readonly number[];
}

/** The distribution of durations, all of which are in milliseconds. */
export type DurationEstimate = NonNullable<ReturnType<typeof estimateDurations>>;

/** The share of runs that may last for any time, regardless of the earlier ones. */
const MIN_TAIL = 0.05;
/** How far that tail reaches, in the longest durations seen. */
const TAIL_REACH = 50;
/** Where the estimate ends, in the longest durations seen: far before its tail does. */
const GRID_REACH = 10;
const MIN_AGE_MS = 1_000;
const MIN_WIDTH_MS = 500;
const RELATIVE_WIDTH = 0.01;
const SCALE_OF_WIDTH = 0.45;

/**
 * Estimates from at least one run that ended; `undefined` without one. Each duration is spread over the distance to its
 * neighbors, so that two usual durations stay apart. Runs without an end of their own count by their age (Kaplan–Meier):
 * otherwise a young batch would appear to be as fast as those of its runs that ended first.
 */
export function estimateDurations({ endedMs, censoredMs }: ObservedDurations) {
  const ended = endedMs.filter(isDuration).toSorted((a, b) => a - b);
  if (ended.length === 0) return undefined;
  const { masses, restMass, longestMs } = kaplanMeier(ended, censoredMs.filter(isDuration));
  const tailMass = Math.max(MIN_TAIL, 1 / (ended.length + 2));
  const kernels = ended.map((centerMs, index): Kernel => ({
    centerMs,
    scaleMs: SCALE_OF_WIDTH * widthMs(ended, index),
    mass: (1 - tailMass) * (masses[index] ?? 0),
  }));
  const tails: readonly Tail[] = [
    { fromMs: MIN_AGE_MS, toMs: TAIL_REACH * longestMs, mass: tailMass },
    { fromMs: longestMs, toMs: TAIL_REACH * longestMs, mass: (1 - tailMass) * restMass },
  ];
  const agesMs = gridOf(kernels, longestMs);
  const points = agesMs.map((ageMs) => pointAt(ageMs, kernels, tails));
  const seenMs = [...ended, ...censoredMs.filter(isDuration)].reduce((sum, durationMs) => sum + durationMs, 0);
  return {
    /** Of the earlier runs that ended, ascending. */
    endedMs: ended,
    /** Of runs that ended or not. */
    longestMs,
    /** Time spent running per run that ended. */
    meanMs: Math.max(MIN_AGE_MS, seenMs / ended.length),
    /** Ages at which the other fields are given, ascending. The first is 0. */
    agesMs: Float64Array.from(agesMs),
    /** The probability of running longer. */
    survival: Float64Array.from(points, ({ survival }) => survival),
    /** Of the runs that reach this age, the share that ends per millisecond. */
    hazard: Float64Array.from(points, ({ survival, density }) => density / survival),
  };
}

/** The probability that a run lasts longer than this. */
export function survivalAt({ agesMs, survival }: DurationEstimate, ageMs: number): number {
  return interpolate(agesMs, survival, ageMs);
}

/** Of the runs that reach this age, the share that ends per millisecond. */
export function hazardAt({ agesMs, hazard }: DurationEstimate, ageMs: number): number {
  return interpolate(agesMs, hazard, ageMs);
}

/** The duration that this share of the runs does not exceed, of those that reach an age. */
export function quantileMs({ agesMs, survival }: DurationEstimate, share: number, ageMs = 0): number {
  const wanted = (1 - share) * interpolate(agesMs, survival, ageMs);
  const after = survival.findIndex((value) => value <= wanted);
  if (after <= 0) return agesMs.at(after) ?? 0;
  const [highMs, lowMs] = [agesMs[after] ?? 0, agesMs[after - 1] ?? 0];
  const [high, low] = [survival[after - 1] ?? 0, survival[after] ?? 0];
  return Math.max(ageMs, lowMs + (highMs - lowMs) * (high === low ? 1 : (high - wanted) / (high - low)));
}

interface Kernel {
  readonly centerMs: number;
  readonly scaleMs: number;
  readonly mass: number;
}

/** Log-uniform. */
interface Tail {
  readonly fromMs: number;
  readonly toMs: number;
  readonly mass: number;
}

function isDuration(durationMs: number): boolean {
  return Number.isFinite(durationMs) && durationMs >= 0;
}

/** The share of all runs that each ended one represents; the rest belongs to runs longer than any that was seen. */
function kaplanMeier(ended: readonly number[], censored: readonly number[]) {
  const longestMs = Math.max(MIN_AGE_MS, ended.at(-1) ?? 0, ...censored);
  let restMass = 1;
  const masses = ended.map((durationMs, index) => {
    const atRisk = ended.length - index + censored.filter((ageMs) => ageMs >= durationMs).length;
    const mass = restMass / atRisk;
    restMass -= mass;
    return mass;
  });
  return { masses, restMass: Math.max(0, restMass), longestMs };
}

function widthMs(ended: readonly number[], index: number): number {
  const own = ended[index] ?? 0;
  const neighbors = ended.toSpliced(index, 1).map((other) => Math.abs(other - own)).sort((a, b) => a - b);
  const distance = neighbors[Math.min(Math.ceil(Math.sqrt(ended.length)), neighbors.length) - 1] ?? 0;
  return Math.max(MIN_WIDTH_MS, RELATIVE_WIDTH * own, distance);
}

/** Geometric, and dense where the estimate changes fast. */
function gridOf(kernels: readonly Kernel[], longestMs: number): readonly number[] {
  const endMs = GRID_REACH * longestMs;
  const steps = 160;
  const geometric = Array.from({ length: steps + 1 }, (_, step) => MIN_AGE_MS * (endMs / MIN_AGE_MS) ** (step / steps));
  const near = kernels.flatMap(({ centerMs, scaleMs }) => NEAR.map((offset) => centerMs + offset * scaleMs));
  const all = [0, ...geometric, ...near].filter((ageMs) => ageMs >= 0 && ageMs <= endMs);
  return [...new Set(all)].sort((a, b) => a - b);
}

/** In scales of a kernel. */
const NEAR = [-8, -5, -3, -2, -1.2, -0.5, 0, 0.5, 1.2, 2, 3, 5, 8] as const;

function pointAt(ageMs: number, kernels: readonly Kernel[], tails: readonly Tail[]) {
  let survival = 0;
  let density = 0;
  for (const { centerMs, scaleMs, mass } of kernels) {
    const above = logistic((centerMs - ageMs) / scaleMs);
    // No duration is negative.
    const share = mass / logistic(centerMs / scaleMs);
    survival += share * above;
    density += share * above * (1 - above) / scaleMs;
  }
  for (const { fromMs, toMs, mass } of tails) {
    const span = Math.log(toMs / fromMs);
    survival += mass * Math.min(1, Math.log(toMs / Math.max(fromMs, ageMs)) / span);
    density += ageMs < fromMs ? 0 : mass / (ageMs * span);
  }
  return { survival, density };
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Linear between the points, and constant beyond them; `from` ascends. */
function interpolate(from: Float64Array, to: Float64Array, x: number): number {
  let low = 0;
  let high = from.length - 1;
  if (x >= (from[high] ?? 0)) return to[high] ?? 0;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((from[middle] ?? 0) <= x) low = middle;
    else high = middle;
  }
  const [x0, x1, y0, y1] = [from[low] ?? 0, from[high] ?? 0, to[low] ?? 0, to[high] ?? 0];
  return x1 === x0 ? y0 : y0 + (y1 - y0) * Math.max(0, (x - x0) / (x1 - x0));
}

export type PollPlan = ReturnType<typeof planPolls>;

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
/** So is one that is older than this: a clock that was not set makes durations of decades. */
const MAX_PLAN_MS = 30 * 24 * 60 * 60_000;
/** At no moment are there more polls than this, in those of the base schedule, and {@link EXTRA_POLLS} more. */
const MAX_POLLS_OF_BASE = 1.5;
const EXTRA_POLLS = 2;
/** The longest gap, as a part of the run's age. */
const MAX_GAP_OF_AGE = 1 / 2;
/** The largest part of a gap by which a poll is delayed, so that many clients do not poll in lockstep. */
const JITTER = 0.1;

/**
 * Plans at most as many polls as the base schedule would be expected to take, where the run is likely to end.
 *
 * @param base What follows the plan, and what it is measured against.
 * @returns `pollsMs`: ages of the run at which to poll it, ascending, milliseconds.
 */
export function planPolls(estimate: DurationEstimate, base: PollInterval) {
  const endMs = Math.min(PLAN_REACH * estimate.longestMs, MAX_PLAN_MS);
  const basePollsMs = basePolls(base, endMs);
  const effort = cumulativeEffort(estimate);
  const budget = Math.max(MIN_BUDGET, BUDGET * expectedPolls(estimate, basePollsMs));
  /** Polls with equal effort between them, within the limits of gaps and numbers. */
  const place = (effortPerPoll: number): readonly number[] => {
    const placedMs: number[] = [];
    for (let ageMs = 0;;) {
      const wanted = interpolate(estimate.agesMs, effort, ageMs) + effortPerPoll;
      const minGapMs = placedMs.length === 0 ? MIN_FIRST_MS : MIN_GAP_MS;
      const maxGapMs = Math.max(base.maxPollIntervalMs, MAX_GAP_OF_AGE * ageMs);
      const allowed = Math.ceil((placedMs.length + 1 - EXTRA_POLLS) / MAX_POLLS_OF_BASE);
      const allowedAtMs = allowed <= 0 ? 0 : basePollsMs[allowed - 1] ?? Infinity;
      const plannedMs = Math.min(interpolate(effort, estimate.agesMs, wanted), ageMs + maxGapMs);
      ageMs = Math.max(plannedMs, ageMs + minGapMs, allowedAtMs);
      if (ageMs > endMs) return placedMs;
      placedMs.push(ageMs);
    }
  };
  let [low, high] = [0, effort.at(-1) ?? 0];
  let pollsMs: readonly number[] = [];
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = step === 0 ? high : (low + high) / 2;
    const candidate = place(middle);
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
  for (let ageMs = 0; ageMs < endMs;) {
    pollsMs.push(ageMs += Math.max(MIN_REST_MS, pollDelayMs(ageMs, base, () => 0)));
  }
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
