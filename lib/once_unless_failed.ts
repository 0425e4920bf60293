/** Acts at the first call, and again only when that failed; calls at the same time share one attempt. */
export function onceUnlessFailed<T>(act: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () =>
    result ??= act().catch((error: unknown) => {
      result = undefined;
      throw error;
    });
}
