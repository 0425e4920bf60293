/**
 * Calls `act` for each item in order, at most `limit` at a time. After a call that fails, no other begins; rejects with its
 * error once those under way have ended, so that none outlives this call.
 */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let failure: { readonly error: unknown } | undefined;
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, async () => {
    try {
      for (let next = queue.next(); !next.done && failure === undefined; next = queue.next()) await act(next.value);
    } catch (error) {
      failure ??= { error };
    }
  }));
  if (failure !== undefined) throw failure.error;
}

/** Waits until the one before has released, which it does at the latest when it ends. */
export type InOrder = <T>(act: (release: () => void) => Promise<T>) => Promise<T>;

export function oneAfterTheOther(): InOrder {
  let last = Promise.resolve();
  return async (act) => {
    const before = last;
    const { promise, resolve } = Promise.withResolvers<void>();
    last = promise;
    await before;
    try {
      return await act(resolve);
    } finally {
      resolve();
    }
  };
}
