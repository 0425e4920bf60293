/** When to poll, search or submit again. Pure. */

export interface PollInterval {
  /** Between the first polls, milliseconds. */
  readonly pollIntervalMs: number;
  /** The interval backs off up to this, milliseconds. */
  readonly maxPollIntervalMs: number;
  /** If given, some polls precede the first one, because a run may end within seconds: the first of them so early. */
  readonly firstPollMs?: number | undefined;
  /** True if the durations of earlier runs of the workflow decide, where there are any. Default: false. */
  readonly isAdaptive?: boolean | undefined;
}

/** The schedule that polling by experience is measured against. */
export const BASE_POLL_INTERVAL: PollInterval = { pollIntervalMs: 5_000, maxPollIntervalMs: 60_000 };

/** Frequent at first, then every minute; by the durations of earlier runs where there are any. */
export const DEFAULT_POLL_INTERVAL: PollInterval = { ...BASE_POLL_INTERVAL, firstPollMs: 1_000, isAdaptive: true };

/** A longer `Retry-After` is not obeyed: a maintenance page may ask for hours, and the run may end before. */
export const MAX_RETRY_AFTER_MS = 5 * 60_000;

/** The largest fraction by which an interval is shortened, so that many clients do not poll in lockstep. */
const JITTER = 0.1;

/**
 * How long to wait before the next poll. Each interval is 1.5 times the previous one. It depends only on the elapsed
 * time, so a process that resumes a run continues at the same interval.
 *
 * @param elapsedMs Since the run started.
 * @param minDelayMs From `Retry-After`; obeyed up to {@link MAX_RETRY_AFTER_MS}.
 */
export function pollDelayMs(
  elapsedMs: number,
  { pollIntervalMs, maxPollIntervalMs, firstPollMs }: PollInterval,
  random: () => number,
  minDelayMs = 0,
): number {
  // The sum of the intervals d, 1.5d, 2.25d, … is 2 × (next − d), so the next one is d + elapsed / 2.
  const ageMs = Math.max(0, elapsedMs);
  const isEarly = firstPollMs !== undefined && ageMs + firstPollMs < pollIntervalMs;
  const grown = isEarly
    ? Math.min(Math.max(firstPollMs, 1.5 * ageMs), pollIntervalMs - ageMs)
    : pollIntervalMs + ageMs / 2;
  const interval = Math.min(grown, Math.max(pollIntervalMs, maxPollIntervalMs));
  return Math.max(Math.min(minDelayMs, MAX_RETRY_AFTER_MS), interval * (1 - JITTER * random()));
}

/** How long to wait when the server names a delay: at most a tenth longer, so that many clients do not poll in lockstep. */
export function retryAfterDelayMs(retryAfterMs: number, random: () => number): number {
  return Math.min(retryAfterMs * (1 + JITTER * random()), MAX_RETRY_AFTER_MS);
}

const MIN_FOLLOW_MS = 1_000;
const MAX_FOLLOW_MS = 15_000;
/** Following a log means reading all of it again: at most this part of the time is spent on that. */
const MAX_READING_SHARE = 1 / 4;

/**
 * How long to wait before logs are read again.
 *
 * @param previousMs The wait before; 0 at first.
 * @param tookMs How long reading them took.
 */
export function followDelayMs(
  previousMs: number,
  { hasGrown, tookMs }: { readonly hasGrown: boolean; readonly tookMs: number },
): number {
  const wantedMs = hasGrown ? MIN_FOLLOW_MS : Math.min(MAX_FOLLOW_MS, previousMs * 1.5);
  return Math.max(MIN_FOLLOW_MS, wantedMs, tookMs * (1 / MAX_READING_SHARE - 1));
}

/** Between searches that fail. */
export const SEARCH_RETRY_INTERVAL: PollInterval = { pollIntervalMs: 1_000, maxPollIntervalMs: 30_000 };

/** The delays between searches for the run of an unconfirmed submission. */
const SEARCH_DELAYS_MS = [0, 1_000, 3_000, 6_000, 10_000, 20_000, 20_000] as const;

/**
 * How long to wait before the next search.
 *
 * @param searches How many have found nothing so far.
 */
export function searchDelayMs(searches: number): number {
  return SEARCH_DELAYS_MS[searches] ?? 30_000;
}

/**
 * Exponential backoff with equal jitter before a submit is sent again, up to 30 seconds.
 *
 * @param attempts How many have been made.
 * @param minDelayMs From `Retry-After`; only a tenth of the backoff is added to it.
 */
export function resubmitDelayMs(attempts: number, random: () => number, minDelayMs = 0): number {
  const maxDelayMs = Math.min(30_000, 2_000 * 2 ** Math.min(10, Math.max(0, attempts - 1)));
  return minDelayMs + maxDelayMs * (0.5 + 0.5 * random()) * (minDelayMs > 0 ? 0.1 : 1);
}
