/** Keys as texts, whose order by UTF-8 bytes is that of the keys. */

import { StorageError } from "../errors.ts";

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
const MAX_PART_LENGTH = 200;

/** Below every character that a part may hold, so that texts are ordered as their keys are. */
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
