/** Lets go of what the cloud side need not remember any longer. */

const DELETED_AT_ONCE = 100;

/**
 * Forgets reports and ended slots of before an instant; what is younger is not read.
 *
 * @returns How many, at most as many as asked for.
 */
export async function deleteExpired(kv: Deno.Kv, beforeMs: number, most: number): Promise<number> {
  const old: (readonly Deno.KvKey[])[] = [];
  for await (const { key, value } of kv.list<{ readonly atMs: number }>({ prefix: ["report"] }, { limit: most })) {
    if (value.atMs >= beforeMs) break;
    old.push([key, ["trouble", ...key.slice(1)]]);
  }
  for await (const keys of oldOccurrences(kv, beforeMs)) {
    if (old.length >= most) break;
    old.push(keys);
  }
  for (let at = 0; at < old.length; at += DELETED_AT_ONCE) {
    const change = kv.atomic();
    for (const key of old.slice(at, at + DELETED_AT_ONCE).flat()) change.delete(key);
    await change.commit();
  }
  return old.length;
}

/** The keys of each schedule's first slots, of those that are over. */
async function* oldOccurrences(kv: Deno.Kv, beforeMs: number): AsyncGenerator<readonly Deno.KvKey[], undefined> {
  // Numbers come after all text in the order of keys.
  const end = ["slot-time", 0];
  for (let start: Deno.KvKey | undefined = ["slot-time"]; start !== undefined;) {
    const found: Deno.KvListIterator<unknown> = kv.list({ start, end });
    start = undefined;
    for await (const { key } of found) {
      const [, schedule = "", time, id = ""] = key;
      if (Number(time) >= beforeMs) {
        start = ["slot-time", schedule, 0];
        break;
      }
      const occurrenceKey = ["slot", schedule, id];
      const { value } = await kv.get<{ readonly state: string }>(occurrenceKey);
      if (value === null || value.state === "ended") yield [occurrenceKey, key];
    }
  }
}
