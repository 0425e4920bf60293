/** The store's interface. It is made once, of the three methods that every backend implements. */

import { encodeBase64 } from "../base64.ts";
import { orError, StorageError } from "../errors.ts";
import {
  compareKeyTexts,
  KEY_SEPARATOR,
  keyParts,
  keyRange,
  type KeySelector,
  keyText,
  type PageQuery,
  type StoreBackend,
  type StoreKey,
  type StoreLimits,
  type StoreRow,
  utf8Length,
} from "./backend.ts";

export interface StoreEntry<T = unknown> {
  readonly key: StoreKey;
  /** What JSON keeps of the value; the order of an object's names is not kept. */
  readonly value: T;
  /** Unique forever, also after the key was deleted. */
  readonly versionstamp: string;
}

/** An entry, or its absence. */
export type FoundEntry<T = unknown> = StoreEntry<T> | {
  readonly key: StoreKey;
  readonly value: null;
  readonly versionstamp: null;
};

/** Options of `list`. */
export interface ListOptions {
  /** By default all. */
  readonly limit?: number;
  /** The last key first. */
  readonly reverse?: boolean;
}

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

const FIRST_PAGE_SIZE = 64;
const MAX_PAGE_SIZE = 1_024;

export type Kv = ReturnType<typeof createKv>;

/** Every method throws StorageError when the store can't be used. Closing it closes the backend. */
export function createKv(backend: StoreBackend) {
  const getMany = async <T>(keys: readonly StoreKey[]): Promise<readonly FoundEntry<T>[]> => {
    if (keys.length === 0) return [];
    const texts = keys.map(keyText);
    const rows = new Map((await backend.read([...new Set(texts)])).map((row) => [row.key, row]));
    return texts.map((text): FoundEntry<T> => {
      const row = rows.get(text);
      return row === undefined ? { key: keyParts(text), value: null, versionstamp: null } : entryOf<T>(row);
    });
  };
  return {
    limits: backend.limits,
    getMany,
    get: async <T>(key: StoreKey): Promise<FoundEntry<T>> =>
      (await getMany<T>([key]))[0] ?? { key, value: null, versionstamp: null },
    /** Read in pages: no snapshot, but no key that stays is missed or repeated. */
    list<T>(
      selector: KeySelector,
      { limit = Infinity, reverse = false }: ListOptions = {},
    ): AsyncIterable<StoreEntry<T>> {
      if (limit !== Infinity && !(Number.isSafeInteger(limit) && limit >= 0)) {
        throw new RangeError(`limit must be a whole number of at least 0: got ${limit}`);
      }
      return listPages(backend, { ...keyRange(selector), limit, reverse });
    },
    atomic: () => createAtomicChange(backend),
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}

async function* listPages<T>(backend: StoreBackend, query: PageQuery): AsyncGenerator<StoreEntry<T>, void> {
  let { start, end, limit: left, reverse } = query;
  // Deno KV refuses a range that ends before it starts.
  for (
    let size = FIRST_PAGE_SIZE;
    left > 0 && compareKeyTexts(start, end) < 0;
    size = Math.min(size * 2, MAX_PAGE_SIZE)
  ) {
    const limit = Math.min(size, left);
    const rows = await backend.page({ start, end, limit, reverse });
    for (const row of rows) yield entryOf(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    left -= limit;
    if (reverse) end = last.key;
    else start = last.key + KEY_SEPARATOR;
  }
}

function entryOf<T>({ key, json, version }: StoreRow): StoreEntry<T> {
  return { key: keyParts(key), value: valueOf(json), versionstamp: version };
}

/** One damaged row must not make the others unreadable: the caller that knows its shape decides. */
function valueOf(json: string) {
  const value = orError(SyntaxError, () => JSON.parse(json));
  return value instanceof SyntaxError ? { damaged: json } : value;
}

/** On average, of what a change may hold; Deno KV allows 80 KiB for 1,000 rows. */
const KEY_BYTES_PER_ROW = 66;
/** A submission takes less than the rest. */
const NEARLY_FULL = 0.8;

function createAtomicChange(backend: StoreBackend): AtomicChange {
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

/**
 * Adds to as few changes as hold all of it, and commits them one after another.
 *
 * @param add Answers false for what it leaves out.
 * @returns How many items were written: those of a change whose checks failed were not.
 */
export async function inChanges<T>(
  { atomic }: Pick<Kv, "atomic">,
  items: Iterable<T> | AsyncIterable<T>,
  add: (change: AtomicChange, item: T) => unknown,
): Promise<number> {
  let [change, added, written] = [atomic(), 0, 0];
  const commit = async () => {
    if (added > 0 && await change.commit() !== undefined) written += added;
    [change, added] = [atomic(), 0];
  };
  for await (const item of items) {
    if (await add(change, item) === false) continue;
    added++;
    if (change.isNearlyFull()) await commit();
  }
  await commit();
  return written;
}

/** Deletes what `list` would answer, in as few changes as hold all of it. */
export async function deleteRows(kv: Kv, selector: KeySelector): Promise<void> {
  await inChanges(kv, kv.list(selector), (change, { key }) => void change.delete(key));
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
export function createVersion(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}
