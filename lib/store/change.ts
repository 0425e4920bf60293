/** One change, built step by step and checked against the limits before a backend sees it. */

import { StorageError } from "../errors.ts";
import type { StoreBackend, StoreLimits } from "./backend.ts";
import { keyText, type StoreKey, utf8Length } from "./key.ts";

/** What must still be stored when a change is committed; `null` where nothing may be. An entry is one. */
export interface VersionCheck {
  /** Of the entry. */
  readonly key: StoreKey;
  /** As it was read. */
  readonly versionstamp: string | null;
}

/** Of `set` and `delete` of one key the last holds; several `sum` of one key add up. */
export interface AtomicChange {
  /** Without any of these, nothing is applied. */
  check(...checks: readonly VersionCheck[]): AtomicChange;
  /**
   * Stores a value.
   *
   * @param value Anything that JSON can write.
   */
  set(key: StoreKey, value: unknown): AtomicChange;
  /** Of a key without an entry, it does nothing. */
  delete(key: StoreKey): AtomicChange;
  /**
   * Adds to a number, which is 0 where nothing is stored.
   *
   * @param by A safe integer, of either sign.
   */
  sum(key: StoreKey, by: number): AtomicChange;
  /** Whether another submission might not fit. */
  isNearlyFull(): boolean;
  /** Applies all of it or nothing, durably. `undefined`: a check failed. */
  commit(): Promise<string | undefined>;
}

/** On average, of what a change may hold; Deno KV allows 80 KiB for 1,000 rows. */
const KEY_BYTES_PER_ROW = 66;
/** A submission takes less than the rest. */
const NEARLY_FULL = 0.8;

/** Begins an empty change. */
export function createAtomicChange(backend: StoreBackend): AtomicChange {
  const checks: { key: string; version: string | null }[] = [];
  /** To JSON; `null` deletes. */
  const rows = new Map<string, string | null>();
  const sums = new Map<string, number>();
  const { maxChangeRows, maxChangeLength } = backend.limits;
  const sizes = {
    checks: { size: 0, max: maxChangeRows / 10 },
    mutations: { size: 0, max: maxChangeRows },
    "bytes of keys": { size: 0, max: maxChangeRows * KEY_BYTES_PER_ROW },
    "characters of values": { size: 0, max: maxChangeLength },
  };
  const counted = (kind: "checks" | "mutations", key: StoreKey, valueLength = 0): string => {
    const text = keyText(key);
    sizes[kind].size++;
    sizes["bytes of keys"].size += utf8Length(text);
    sizes["characters of values"].size += valueLength;
    return text;
  };
  const change: AtomicChange = {
    check(...wanted) {
      for (const { key, versionstamp } of wanted) checks.push({ key: counted("checks", key), version: versionstamp });
      return change;
    },
    set(key, value) {
      const json = jsonOf(value, key, backend.limits);
      rows.set(counted("mutations", key, json.length), json);
      return change;
    },
    delete(key) {
      rows.set(counted("mutations", key), null);
      return change;
    },
    sum(key, by) {
      if (!Number.isSafeInteger(by)) throw new RangeError(`by must be a safe integer: got ${by}`);
      const text = counted("mutations", key);
      sums.set(text, (sums.get(text) ?? 0) + by);
      return change;
    },
    isNearlyFull: () => Object.values(sizes).some(({ size, max }) => size > max * NEARLY_FULL),
    async commit() {
      for (const [what, { size, max }] of Object.entries(sizes)) {
        if (size > max) throw new StorageError(`Cannot store a change: it has ${size} ${what}, more than ${max}`);
      }
      for (const text of sums.keys()) {
        if (rows.has(text)) throw new TypeError(`One change can't both add to ${JSON.stringify(text)} and replace it`);
      }
      return await backend.write({
        version: createVersion(),
        checks: [...checks],
        sets: [...rows].flatMap(([key, json]) => json === null ? [] : [{ key, json }]),
        deletes: [...rows].flatMap(([key, json]) => json === null ? [key] : []),
        sums: [...sums].map(([key, by]) => ({ key, by })),
      });
    },
  };
  return change;
}

/** Adds to as few changes as hold all of it, and commits them one after another. */
export async function inChanges<T>(
  { atomic }: { atomic(): AtomicChange },
  items: Iterable<T> | AsyncIterable<T>,
  add: (change: AtomicChange, item: T) => void,
): Promise<void> {
  let change: AtomicChange | undefined;
  for await (const item of items) {
    add(change ??= atomic(), item);
    if (!change.isNearlyFull()) continue;
    await change.commit();
    change = undefined;
  }
  await change?.commit();
}

function jsonOf(value: unknown, key: StoreKey, { maxValueLength }: StoreLimits): string {
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`The value of ${JSON.stringify(key)} is not JSON`);
  if (json.length <= maxValueLength) return json;
  throw new StorageError(
    `Cannot store ${JSON.stringify(key)}: its value has ${json.length} characters, more than ${maxValueLength}`,
  );
}

/** 64 random bits in 11 characters. Not from a `random` that is passed in: a test's fixed numbers would repeat one. */
function createVersion(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}
