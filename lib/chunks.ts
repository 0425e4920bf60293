/** In their order; the last chunk may be shorter. */
export function chunksOf<T>(items: readonly T[], size: number): (readonly T[])[] {
  return Array.from(
    { length: Math.ceil(items.length / size) },
    (_, index) => items.slice(index * size, (index + 1) * size),
  );
}

/** Of the JSON of one chunk: below what any backend allows for a value. */
const MAX_CHUNK_LENGTH = 15_000;

/** In their order: few enough in each to be stored as one value. */
export function chunksByLength<T>(items: readonly T[]): (readonly T[])[] {
  const chunks: T[][] = [];
  let length = Infinity;
  for (const item of items) {
    const itemLength = JSON.stringify(item).length + 1;
    if (length + itemLength > MAX_CHUNK_LENGTH) {
      chunks.push([]);
      length = 0;
    }
    chunks.at(-1)?.push(item);
    length += itemLength;
  }
  return chunks;
}
