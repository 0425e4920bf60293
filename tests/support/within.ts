/** Fails where something is awaited that never comes: the test would wait forever. A busy machine needs no more than a minute. */
export async function within<T>(pending: Promise<T>, what: string, limitMs = 60_000): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`There is no ${what} after ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([pending, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
