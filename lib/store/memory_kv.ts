/** A store for one process, kept until it ends. */

import { addToCounter, COMMON_LIMITS, compareKeyTexts, type StoreBackend, type StoreRow } from "./backend.ts";
import { createKv } from "./kv.ts";
import { createRunStore, type RunStore } from "./run_store.ts";

/** Keeps everything until the process ends. */
export function memoryRunStore(): RunStore {
  return createRunStore(createKv(memoryBackend()));
}

export function memoryBackend(): StoreBackend {
  const rows = new Map<string, StoreRow>();
  /** In their order. */
  const keys: string[] = [];
  const put = (row: StoreRow) => {
    if (!rows.has(row.key)) keys.splice(countBefore(keys, row.key), 0, row.key);
    rows.set(row.key, row);
  };
  const find = (wanted: readonly string[]) => wanted.flatMap((key) => rows.get(key) ?? []);
  return {
    limits: COMMON_LIMITS,
    read: (wanted) => Promise.resolve(find(wanted)),
    page({ start, end, limit, reverse }) {
      const [from, to] = [countBefore(keys, start), countBefore(keys, end)];
      const inPage = reverse
        ? keys.slice(Math.max(from, to - limit), to).reverse()
        : keys.slice(from, Math.min(to, from + limit));
      return Promise.resolve(find(inPage));
    },
    // deno-lint-ignore require-await -- what it throws is to reject
    async write({ version, checks, sets, deletes, sums }) {
      if (!checks.every((check) => (rows.get(check.key)?.version ?? null) === check.version)) return undefined;
      // Before the first change, because it throws where the value is not a number.
      const counters = sums.map((sum) => addToCounter(sum, rows.get(sum.key)));
      for (const { key, json } of [...sets, ...counters]) put({ key, json, version });
      for (const key of deletes) if (rows.delete(key)) keys.splice(countBefore(keys, key), 1);
      return version;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function countBefore(keys: readonly string[], key: string): number {
  let [from, to] = [0, keys.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compareKeyTexts(keys[middle] ?? "", key) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}
