/** In their order; the last chunk may be shorter. */
export function chunksOf<T>(items: readonly T[], size: number): (readonly T[])[] {
  return Array.from(
    { length: Math.ceil(items.length / size) },
    (_, index) => items.slice(index * size, (index + 1) * size),
  );
}
