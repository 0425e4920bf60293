import type { Clock, Deadline } from "../clock.ts";
import { ResponseLost, TimedOut } from "../errors.ts";

/** At the end of a wait, the server gets this long to respond to the last request. */
const LAST_RESPONSE_MS = 5_000;

/**
 * Ends requests that poll or search for a run, so that a server that hangs does not extend the wait. Not a submit: ending it
 * would lose its response.
 *
 * @param limits `outageMs`: how long the server has not responded. Default: 0.
 * @returns `undefined` if only the client's own limit applies.
 */
export function requestLimit(clock: Pick<Clock, "timeout">, { remainingMs, unreachableTimeoutMs, outageMs = 0 }: {
  readonly remainingMs: number | null;
  readonly unreachableTimeoutMs: number | null;
  readonly outageMs?: number;
}): Deadline | undefined {
  const limitMs = Math.min(
    (remainingMs ?? Infinity) + LAST_RESPONSE_MS,
    Math.max((unreachableTimeoutMs ?? Infinity) - outageMs, LAST_RESPONSE_MS),
  );
  return limitMs === Infinity ? undefined : clock.timeout(limitMs);
}

/** What ends a request early. */
export interface Limited {
  /** Stops the caller; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Ends a request in flight, like a server that does not respond. Default: only the client's own limit. */
  readonly limit?: AbortSignal | undefined;
}

/**
 * Sends a request that ends when the signal or the limit aborts.
 *
 * @param action Completes "Cannot …", like `read run hello-00001`.
 * @throws ResponseLost at the limit; the signal's reason; the errors of `send`.
 */
export async function withLimit<T>(
  { signal, limit }: Limited,
  action: string,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (limit === undefined) return await send(signal);
  try {
    return await send(AbortSignal.any([signal, limit]));
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted || error !== limit.reason) throw error;
    throw new ResponseLost(`Cannot ${action}: the server did not respond in time`, { cause: error });
  }
}

/**
 * Sends what a wait begins with: its timeout includes a server that does not respond.
 *
 * @throws TimedOut, like {@link withLimit} otherwise.
 */
export async function withinTimeout<T>(
  clock: Pick<Clock, "timeout">,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number | null },
  action: string,
  send: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (timeoutMs === null) return await send(signal);
  using deadline = clock.timeout(Math.max(timeoutMs, LAST_RESPONSE_MS));
  const limit = deadline.signal;
  try {
    return await withLimit({ signal, limit }, action, send);
  } catch (error) {
    if (!(error instanceof ResponseLost) || error.cause !== limit.reason) throw error;
    const hint = "Nothing was changed: try again, or with a longer timeout";
    throw new TimedOut(error.message, { hint, cause: limit.reason });
  }
}
