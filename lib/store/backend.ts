/** What a store is kept in: rows whose keys are texts, and three methods, to implement and to wrap. */

import { abortable, endedAfterAbort } from "../abortable.ts";
import type { Clock } from "../clock.ts";
import { messageWithHint, StorageError } from "../errors.ts";
import { osErrorReason } from "../os_error.ts";
import { onceUnlessFailed } from "../once_unless_failed.ts";

export interface StoreLimits {
  /** Of one value, in characters of its JSON. */
  readonly maxValueLength: number;
  /** Of all values in one change, in characters of their JSON. */
  readonly maxChangeLength: number;
  /** What one change may write; it may check a tenth as many. Keys have 66 bytes on average. */
  readonly maxChangeRows: number;
}

/** A stored row: its key as `keyText` writes it, its value as JSON. */
export interface StoreRow {
  readonly key: string;
  readonly json: string;
  readonly version: string;
}

export interface PageQuery {
  /** The first key that may be answered. */
  readonly start: string;
  /** The key before which the answer ends. */
  readonly end: string;
  readonly limit: number;
  readonly reverse: boolean;
}

/** No key is in more than one of `sets`, `deletes` and `sums`. */
export interface StoreWrite {
  /** Names this write; the rows carry it unless the backend makes unique versions itself. */
  readonly version: string;
  readonly checks: readonly { readonly key: string; readonly version: string | null }[];
  readonly sets: readonly { readonly key: string; readonly json: string }[];
  readonly deletes: readonly string[];
  readonly sums: readonly { readonly key: string; readonly by: number }[];
}

/** What a store is kept in. Keys are compared by their UTF-8 bytes. */
export interface StoreBackend extends AsyncDisposable {
  readonly limits: StoreLimits;
  /** The rows that exist, in any order. */
  read(keys: readonly string[]): Promise<readonly StoreRow[]>;
  page(query: PageQuery): Promise<readonly StoreRow[]>;
  /**
   * All or nothing, durably. After StorageBusy the same write may be sent again: it is applied once, and answers the
   * same.
   *
   * @returns The version that the rows now carry; `undefined` when a check failed.
   */
  write(write: StoreWrite): Promise<string | undefined>;
}

/** The fault is likely to pass: the same read or write may be tried again. */
export class StorageBusy extends StorageError {}

/** What a backend holds that sets no smaller limits of its own. */
export const COMMON_LIMITS: StoreLimits = {
  maxValueLength: 16_000_000,
  maxChangeLength: 64_000_000,
  maxChangeRows: 20_000,
};

/** A counter's next value, for backends that add in JavaScript. */
export function addToCounter(
  { key, by }: StoreWrite["sums"][number],
  row: StoreRow | undefined,
): StoreWrite["sets"][number] {
  const stored = JSON.parse(row?.json ?? "0");
  if (typeof stored !== "number") throw new StorageError("Cannot add to a stored value: it is not a number");
  return { key, json: String(stored + by) };
}

/** Names the store and keeps the cause; a StorageError passes as it is. */
export function toStorageError(
  error: unknown,
  { store, hint, isPassing }: { readonly store: string; readonly hint: string; readonly isPassing: boolean },
): StorageError {
  if (error instanceof StorageError) return error;
  const detail = osErrorReason(error) ?? messageWithHint(error);
  const ErrorClass = isPassing ? StorageBusy : StorageError;
  return new ErrorClass(`Cannot use the ${store}: ${detail}`, { hint, cause: error });
}

/** What retries depend on. */
export interface RetryDeps {
  /** For the pauses between attempts. */
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  /** By default {@link MAX_ATTEMPTS}. */
  readonly maxAttempts?: number;
  /** What else to do about an error: added to its hint. */
  readonly alternative?: string | undefined;
}

/** How long a read or write may take once the program is to end: longer where it has begun to store something. */
const GRACE_MS = { unwritten: 1_000, written: 3_000 } as const;

/** With the pauses between them this takes 5 to 11 s: a server that restarts is back by then. */
export const MAX_ATTEMPTS = 26;
const MAX_PAUSE_MS = 500;

export interface LazyOptions {
  readonly limits?: StoreLimits;
  /** After StorageBusy, tries again with backoff and jitter, and throws the last one; without it, never. */
  readonly retry?: RetryDeps | undefined;
  /**
   * Ends the wait for a backend that is not open yet, and each read or write that takes too long from then on, by
   * {@link GRACE_MS}: they throw its reason.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called when the wait for a write was ended. It may be applied later. */
  readonly onUnwritten?: (() => void) | undefined;
  /** Milliseconds that opening, a read or a write may take; for a backend that would wait without end. */
  readonly answerMs?: number;
}

/** Opens the backend when it is first used, and again when opening failed; once closed, it stays closed. */
export function lazyBackend(
  open: () => Promise<StoreBackend>,
  { limits = COMMON_LIMITS, retry, signal, onUnwritten = () => {}, answerMs }: LazyOptions = {},
): StoreBackend {
  const once = onceUnlessFailed(signal === undefined ? open : () => openUnlessAborted(open, signal));
  let opening: Promise<StoreBackend> | undefined;
  let isClosed = false;
  let hasWritten = false;
  let isHanging = false;
  const answered = async <T>(pending: Promise<T>): Promise<T> => {
    if (retry === undefined || answerMs === undefined) return await pending;
    using limit = retry.clock.timeout(answerMs);
    return await abortable(pending, limit.signal).catch((error: unknown) => {
      if (error !== limit.signal.reason) throw error;
      isHanging = true;
      const message = "Cannot use the run store: it did not answer in time, but the change may have been written";
      const hint = "Check that the server runs, and what is stored, before you try again";
      throw new StorageError(message, { hint, cause: error });
    });
  };
  const use = async <T>(act: (backend: StoreBackend) => Promise<T>, attempt = 1): Promise<T> => {
    try {
      const backend = isClosed ? undefined : await answered(opening = once());
      // It may have been closed in the meantime.
      if (backend === undefined || isClosed) throw new StorageError("Cannot use the run store: it is closed");
      return await answered(act(backend));
    } catch (error) {
      const maxAttempts = retry?.maxAttempts ?? MAX_ATTEMPTS;
      if (retry === undefined || !(error instanceof StorageBusy) || attempt >= maxAttempts) {
        throw withAlternative(error, retry?.alternative);
      }
      await retry.clock.sleep((0.5 + retry.random() / 2) * Math.min(MAX_PAUSE_MS, 10 * 2 ** attempt), {});
      return await use(act, attempt + 1);
    }
  };
  const useUntilStopped = <T>(act: (backend: StoreBackend) => Promise<T>, onEnd = () => {}): Promise<T> => {
    if (signal === undefined || retry === undefined) return use(act);
    const graceMs = hasWritten && !isHanging ? GRACE_MS.written : GRACE_MS.unwritten;
    return endedAfterAbort(use(act), {
      signal,
      clock: retry.clock,
      graceMs,
      onEnd() {
        isHanging = true;
        onEnd();
      },
    });
  };
  return {
    limits,
    read: (keys) => useUntilStopped((backend) => backend.read(keys)),
    page: (query) => useUntilStopped((backend) => backend.page(query)),
    write(write) {
      hasWritten = true;
      return useUntilStopped((backend) => backend.write(write), onUnwritten);
    },
    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      isClosed = true;
      // A backend that could not be opened needs no closing.
      const closing = opening?.then((backend) => backend[Symbol.asyncDispose](), () => {});
      // What was ended may still wait for its response, and closing for that.
      if (isHanging || (signal?.aborted && !hasWritten)) closing?.catch(() => {});
      else await closing;
    },
  };
}

async function openUnlessAborted(open: () => Promise<StoreBackend>, signal: AbortSignal): Promise<StoreBackend> {
  signal.throwIfAborted();
  const opening = open();
  try {
    return await abortable(opening, signal);
  } catch (error) {
    if (signal.aborted) opening.then((backend) => backend[Symbol.asyncDispose](), () => {});
    throw error;
  }
}

/** Adds to the hint of a StorageError; other errors stay as they are. */
function withAlternative(error: unknown, alternative: string | undefined): unknown {
  if (alternative === undefined || !(error instanceof StorageError)) return error;
  const hint = error.hint === undefined ? alternative : `${error.hint}; ${alternative}`;
  return new StorageError(error.message, { hint, cause: error });
}

/** Text parts, none empty, without control characters. Keys are ordered part by part, by their UTF-8 bytes. */
export type StoreKey = readonly string[];

export interface KeySelector {
  /** May be empty: then all keys are selected. */
  readonly prefix: StoreKey;
  /** The first key, strictly below `prefix`. */
  readonly start?: StoreKey;
  /** The key before which the selection ends, strictly below `prefix`. */
  readonly end?: StoreKey;
}

/** UTF-8. */
export const MAX_KEY_BYTES = 1_024;
export const MAX_PART_LENGTH = 200;

/** Below every character that a part may hold, so that the order of texts by UTF-8 bytes is that of their keys. */
export const KEY_SEPARATOR = "\t";
/** The next character: it ends the keys below a prefix. */
const AFTER_SEPARATOR = "\n";
/** The greatest code point, which no part may hold: it ends all keys. */
const AFTER_ALL = "\u{10ffff}";

/** @throws TypeError for a key that is not valid, which is a mistake of the caller. */
export function keyText(key: StoreKey): string {
  const text = key.join(KEY_SEPARATOR);
  if (key.length === 0 || !key.every(isKeyPart)) {
    throw new TypeError(`Key ${JSON.stringify(key)} must have text parts without control characters`);
  }
  if (utf8Length(text) > MAX_KEY_BYTES) {
    throw new StorageError(`Cannot store ${JSON.stringify(key[0])}: its key has more than ${MAX_KEY_BYTES} bytes`);
  }
  return text;
}

export function isKeyPart(text: string): boolean {
  // deno-lint-ignore no-control-regex -- that is what is refused
  return text !== "" && !/[\0-\x1f\x7f-\x9f\ud800-\udfff\u{10ffff}]/u.test(text);
}

/** Any text as a part of a key; readers compare the text itself, because long ones share a part. */
export function keyPart(text: string): string {
  return encodeURIComponent(text.toWellFormed()).slice(0, MAX_PART_LENGTH) || "%";
}

/** Orders keys as SQLite, PostgreSQL and Deno KV do; JavaScript itself would compare UTF-16 units. */
export function compareKeyTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = rankOf(a.charCodeAt(index)) - rankOf(b.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function keyParts(text: string): StoreKey {
  return text.split(KEY_SEPARATOR);
}

/** The keys from `start` on, before `end`. */
export function keyRange({ prefix, start, end }: KeySelector): { readonly start: string; readonly end: string } {
  for (const bound of [start, end]) {
    if (bound === undefined) continue;
    const isBelow = bound.length > prefix.length && prefix.every((part, index) => part === bound[index]);
    if (!isBelow) throw new TypeError(`${JSON.stringify(bound)} is not below the prefix ${JSON.stringify(prefix)}`);
  }
  const isAll = prefix.length === 0;
  return {
    start: start !== undefined ? keyText(start) : isAll ? "" : keyText(prefix) + KEY_SEPARATOR,
    end: end !== undefined ? keyText(end) : isAll ? AFTER_ALL : keyText(prefix) + AFTER_SEPARATOR,
  };
}

/** Of its UTF-8. */
export function utf8Length(text: string): number {
  return /^[\0-\x7f]*$/.test(text) ? text.length : new TextEncoder().encode(text).length;
}

/** Surrogates encode characters beyond U+FFFF. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
