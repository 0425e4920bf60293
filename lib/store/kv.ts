/** The store's interface. It is made once, of the three methods that every backend implements. */

import { type PageQuery, type StoreBackend, type StoreLimits, type StoreRow } from "./backend.ts";
import { type AtomicChange, createAtomicChange } from "./change.ts";
import { compareKeyTexts, KEY_SEPARATOR, keyParts, keyRange, type KeySelector, keyText, type StoreKey } from "./key.ts";

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

/** Every method throws StorageError when the store can't be used. */
export interface Kv extends AsyncDisposable {
  readonly limits: StoreLimits;
  get<T>(key: StoreKey): Promise<FoundEntry<T>>;
  getMany<T>(keys: readonly StoreKey[]): Promise<readonly FoundEntry<T>[]>;
  /** Read in pages: no snapshot, but no key that stays is missed or repeated. */
  list<T>(selector: KeySelector, options?: ListOptions): AsyncIterable<StoreEntry<T>>;
  atomic(): AtomicChange;
}

const FIRST_PAGE_SIZE = 64;
const MAX_PAGE_SIZE = 1_024;

/** Closing it closes the backend. */
export function createKv(backend: StoreBackend): Kv {
  const getMany = async <T>(keys: readonly StoreKey[]): Promise<FoundEntry<T>[]> => {
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
    list: (selector, { limit = Infinity, reverse = false } = {}) => {
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
  try {
    return JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) return { damaged: json };
    throw error;
  }
}
