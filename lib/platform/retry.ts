/** When a request is sent again, and after how long. Pure: time and chance are handed in. */

export interface RetryPolicy {
  /** The first one counts. */
  readonly maxAttempts: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** From the first attempt to the start of the last one. */
  readonly budgetMs: number;
}

export const RETRY_POLICY: RetryPolicy = { maxAttempts: 4, baseDelayMs: 500, maxDelayMs: 30_000, budgetMs: 60_000 };

/** Answers that may be another one a little later. */
const PASSING_STATUSES: readonly number[] = [429, 500, 502, 503, 504];

export function isPassing(status: number): boolean {
  return PASSING_STATUSES.includes(status);
}

/** How often and how long it has been tried, and what the server asked for. */
export interface Trial {
  /** How many attempts have failed. */
  readonly failures: number;
  readonly elapsedMs: number;
  readonly retryAfterMs: number | undefined;
}

/**
 * How long to wait before the next attempt: full jitter, and never less than the server asked for.
 *
 * @returns Milliseconds, or `null` when it is not to be tried again.
 */
export function retryDelayMs(trial: Trial, policy: RetryPolicy, random: () => number): number | null {
  if (trial.failures >= policy.maxAttempts) return null;
  const jitterMs = random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (trial.failures - 1));
  const delayMs = Math.max(jitterMs, trial.retryAfterMs ?? 0);
  return trial.elapsedMs + delayMs > policy.budgetMs ? null : delayMs;
}

/**
 * How long a `Retry-After` header asks us to wait (seconds or an HTTP date, RFC 9110 section 10.2.3).
 *
 * @param nowMs Milliseconds since the epoch; the server's own `Date`, where it sent one, so that clocks may differ.
 * @returns Milliseconds, never negative; `undefined` if the header is absent or cannot be read.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const instantMs = httpDateMs(text);
  return instantMs === undefined ? undefined : Math.max(0, instantMs - nowMs);
}

/** An HTTP date in any of its three forms (RFC 9110 section 5.6.7), milliseconds since the epoch. */
export function httpDateMs(text: string | null): number | undefined {
  if (text === null || !/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(text)) return undefined;
  // The oldest form names no zone, and means GMT.
  const instantMs = Date.parse(/GMT$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(instantMs) ? undefined : instantMs;
}
