/** When to do the next thing: elapsed time, what the server asked for, and a little jitter decide. Pure. */

export interface PollInterval {
  /** Between the first looks, milliseconds. */
  readonly pollIntervalMs: number;
  /** The growing interval stops here, milliseconds. */
  readonly maxPollIntervalMs: number;
}

/** Quick first looks, then up to every 15 seconds, as the platform's own tools do. */
export const DEFAULT_POLL_INTERVAL: PollInterval = { pollIntervalMs: 1_000, maxPollIntervalMs: 15_000 };

/** How much an interval is shortened at random, so that many watchers don't look in step. */
const JITTER = 0.1;

/**
 * How long to wait before the next look at a run. Intervals grow by half from look to look; told by the elapsed time
 * alone, so that a process that takes over goes on at the same pace.
 *
 * @param elapsedMs Since the run started.
 * @param atLeastMs What the server asked for with `Retry-After`.
 */
export function pollDelayMs(
  elapsedMs: number,
  { pollIntervalMs, maxPollIntervalMs }: PollInterval,
  random: () => number,
  atLeastMs = 0,
): number {
  // Intervals d, 1.5d, 2.25d, … have sum 2 × (next − d): so the next one is d + elapsed / 2.
  const grown = pollIntervalMs + Math.max(0, elapsedMs) / 2;
  const interval = Math.min(grown, Math.max(pollIntervalMs, maxPollIntervalMs));
  return Math.max(atLeastMs, interval * (1 - JITTER * random()));
}

/** Looks for a run whose submit got no answer: close together at first, then apart, to the end of the search. */
const SEARCH_DELAYS_MS = [0, 1_000, 3_000, 6_000, 10_000, 20_000, 20_000] as const;

/**
 * How long to wait before the next look for a run that may not exist.
 *
 * @param looks How many have found nothing so far.
 */
export function searchDelayMs(polls: number): number {
  return SEARCH_DELAYS_MS[polls] ?? 30_000;
}

/**
 * How long to wait before the same request may be sent again: full jitter between half of it and all of it, growing.
 *
 * @param attempts How many were made.
 */
export function resubmitDelayMs(attempts: number, random: () => number, atLeastMs = 0): number {
  const longest = Math.min(30_000, 2_000 * 2 ** Math.min(10, Math.max(0, attempts - 1)));
  return atLeastMs + longest * (0.5 + 0.5 * random()) * (atLeastMs > 0 ? 0.1 : 1);
}
