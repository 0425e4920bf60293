/** Why this file: many things are done a few at a time, since the platform and whoever else is asked have limits. */

/** Acts on each, so many at once, in their order; rejects as soon as one of them does. */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, async () => {
    for (const item of queue) await act(item);
  }));
}
