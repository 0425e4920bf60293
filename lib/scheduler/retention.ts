/** Removes expired notifications and occurrences from the scheduler store. */

const MAX_PER_COMMIT = 100;

/**
 * Removes notifications and finished occurrences older than an instant, without reading newer ones.
 *
 * @returns The number removed, at most `limit`.
 */
export async function deleteExpired(kv: Deno.Kv, beforeMs: number, limit: number): Promise<number> {
  const expired: (readonly Deno.KvKey[])[] = [];
  const notifications = kv.list<{ readonly createdAtMs: number }>({ prefix: ["notification"] }, { limit });
  for await (const { key, value } of notifications) {
    if (value.createdAtMs >= beforeMs) break;
    expired.push([key, ["problem-notification", ...key.slice(1)]]);
  }
  for await (const keys of expiredOccurrences(kv, beforeMs)) {
    if (expired.length >= limit) break;
    expired.push(keys);
  }
  for (let at = 0; at < expired.length; at += MAX_PER_COMMIT) {
    const change = kv.atomic();
    for (const key of expired.slice(at, at + MAX_PER_COMMIT).flat()) change.delete(key);
    await change.commit();
  }
  return expired.length;
}

/** The keys of finished occurrences, schedule by schedule, earliest first. */
async function* expiredOccurrences(kv: Deno.Kv, beforeMs: number): AsyncGenerator<readonly Deno.KvKey[], undefined> {
  // In key order, numbers come after all strings.
  const end = ["occurrence-time", 0];
  for (let start: Deno.KvKey | undefined = ["occurrence-time"]; start !== undefined;) {
    const found: Deno.KvListIterator<unknown> = kv.list({ start, end });
    start = undefined;
    for await (const { key } of found) {
      const [, schedule = "", time, id = ""] = key;
      if (Number(time) >= beforeMs) {
        // Continues with the next schedule.
        start = ["occurrence-time", schedule, 0];
        break;
      }
      const occurrenceKey = ["occurrence", schedule, id];
      const { value } = await kv.get<{ readonly state: string }>(occurrenceKey);
      if (value === null || value.state === "finished") yield [occurrenceKey, key];
    }
  }
}
