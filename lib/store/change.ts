/** One change, built step by step and checked against the limits before a backend sees it. */

import { StorageError } from "../errors.ts";
import type { Backend, Limits, Write } from "./backend.ts";
import { byteLength, type Key, keyText } from "./key.ts";

/** What must still be stored when a change is committed; `null` where nothing may be. An entry is one. */
export interface Check {
  readonly key: Key;
  readonly versionstamp: string | null;
}

/** Of `set` and `delete` of one key the last holds; several `sum` of one key add up. */
export interface Change {
  check(...checks: readonly Check[]): Change;
  /** @param value Anything that JSON can write. */
  set(key: Key, value: unknown): Change;
  delete(key: Key): Change;
  /**
   * Adds to a number, which is 0 where nothing is stored.
   *
   * @param by A safe integer, of either sign.
   */
  sum(key: Key, by: number): Change;
  /** Applies all of it or nothing, durably. `undefined`: a check failed. */
  commit(): Promise<string | undefined>;
}

/** The most that one change may hold on any backend; Deno KV sets these. */
export const MAX_CHANGE = { checks: 90, mutations: 900, keyBytes: 60_000 } as const;

/** Begins an empty change. */
export function createChange(backend: Backend): Change {
  const checks: { key: string; version: string | null }[] = [];
  /** To JSON; `null` deletes. */
  const rows = new Map<string, string | null>();
  const sums = new Map<string, number>();
  const put = (key: Key, json: string | null): Change => {
    const text = keyText(key);
    if (sums.has(text)) throw bothWays(key);
    rows.set(text, json);
    return change;
  };
  const change: Change = {
    check(...wanted) {
      for (const { key, versionstamp } of wanted) checks.push({ key: keyText(key), version: versionstamp });
      return change;
    },
    set: (key, value) => put(key, jsonOf(value, key, backend)),
    delete: (key) => put(key, null),
    sum(key, by) {
      const text = keyText(key);
      if (!Number.isSafeInteger(by)) throw new RangeError(`by must be a safe integer: got ${by}`);
      if (rows.has(text)) throw bothWays(key);
      sums.set(text, (sums.get(text) ?? 0) + by);
      return change;
    },
    async commit() {
      const write = {
        version: createVersion(),
        checks: [...checks],
        sets: [...rows].flatMap(([key, json]) => json === null ? [] : [{ key, json }]),
        deletes: [...rows].flatMap(([key, json]) => json === null ? [key] : []),
        sums: [...sums].map(([key, by]) => ({ key, by })),
      };
      checkSize(write, backend);
      return await backend.write(write);
    },
  };
  return change;
}

function bothWays(key: Key): TypeError {
  return new TypeError(`One change can't both add to ${JSON.stringify(key)} and set or delete it`);
}

function jsonOf(value: unknown, key: Key, { maxValueLength }: Limits): string {
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`The value of ${JSON.stringify(key)} is not JSON`);
  if (json.length <= maxValueLength) return json;
  throw new StorageError(
    `Cannot store ${JSON.stringify(key)}: its value has ${json.length} characters, more than ${maxValueLength}`,
  );
}

function checkSize({ checks, sets, deletes, sums }: Write, { maxChangeLength }: Limits): void {
  const keys = [...checks, ...sets, ...sums].map(({ key }) => key).concat(deletes);
  for (
    const [what, size, max] of [
      ["checks", checks.length, MAX_CHANGE.checks],
      ["mutations", keys.length - checks.length, MAX_CHANGE.mutations],
      ["bytes of keys", keys.reduce((sum, key) => sum + byteLength(key), 0), MAX_CHANGE.keyBytes],
      ["characters of values", sets.reduce((sum, { json }) => sum + json.length, 0), maxChangeLength],
    ] as const
  ) {
    if (size > max) throw new StorageError(`Cannot store a change: it has ${size} ${what}, more than ${max}`);
  }
}

/** 64 random bits in 11 characters. Not from a `random` that is passed in: a test's fixed numbers would repeat one. */
function createVersion(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}
