import { ResponseLost } from "../errors.ts";

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
