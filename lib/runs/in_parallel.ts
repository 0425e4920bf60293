/** Calls `act` for each item in order, at most `limit` at a time; rejects as soon as one call does. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, async () => {
    for (const item of queue) await act(item);
  }));
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
