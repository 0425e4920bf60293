export const RETRY_POLICY = {
  /** Including the first one. */
  maxAttempts: 4,
  baseDelayMs: 500,
  maxDelayMs: 30_000,
  /** Maximum time from the first attempt to the start of the last one. */
  budgetMs: 60_000,
};

const TRANSIENT_STATUSES: readonly number[] = [429, 500, 502, 503, 504];

export function isTransient(status: number): boolean {
  return TRANSIENT_STATUSES.includes(status);
}

interface RetryState {
  /** Number of attempts, all of which failed. */
  readonly failures: number;
  readonly elapsedMs: number;
  /** From the last response's `Retry-After`. */
  readonly retryAfterMs: number | undefined;
}

/**
 * Exponential backoff with full jitter, and never less than `Retry-After`.
 *
 * @returns Milliseconds; `null` to stop retrying.
 */
export function retryDelayMs(state: RetryState, policy: typeof RETRY_POLICY, random: () => number): number | null {
  if (state.failures >= policy.maxAttempts) return null;
  const jitterMs = random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (state.failures - 1));
  const delayMs = Math.max(jitterMs, state.retryAfterMs ?? 0);
  return state.elapsedMs + delayMs > policy.budgetMs ? null : delayMs;
}

/**
 * The delay that a `Retry-After` header asks for (seconds or an HTTP date, RFC 9110 section 10.2.3).
 *
 * @param nowMs Milliseconds since the epoch; the server's own `Date` if it sent one, because clocks may differ.
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
  // The oldest form has no time zone, and means GMT.
  const instantMs = Date.parse(/GMT$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(instantMs) ? undefined : instantMs;
}
