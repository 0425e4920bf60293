/** Removes secrets from text that comes from elsewhere: what a server or a log repeats. */

import { encodeBase64 } from "./base64.ts";
import { RunnerError } from "./errors.ts";
import { jsonEscape } from "./escape.ts";
import { mapPieces, type PieceMapper } from "./pieces.ts";

/** Replaces a secret in anything that is shown or stored. */
export const SECRET_MASK = "•••";

/** Shorter secrets would match parts of ordinary words. */
const MIN_SECRET_LENGTH = 4;
/** The lines of a secret may be those of a script. */
const MIN_LINE_LENGTH = 8;

/** Never secrets: they would mask ordinary words. */
const ORDINARY_WORDS: ReadonlySet<string> = new Set(["true", "false", "null"]);

/** Removes the secrets it was made for, and nothing else. */
export interface Redactor {
  (text: string): string;
  /** The length of the longest text that it removes. */
  readonly maxLength: number;
  /** The length of the longest end of a text with which one that it removes may begin. */
  partialLength(text: string): number;
}

/**
 * A redactor for these values and their lines, in every form in which servers and logs repeat them: as they are, escaped as
 * JSON once and twice, on one line, URL-encoded, and in base64 at any offset. Values of fewer than four characters are not
 * redacted, nor lines of fewer than eight.
 */
export function createRedactor(values: readonly string[]): Redactor {
  const secrets = values.filter((value) => value.length >= MIN_SECRET_LENGTH && !ORDINARY_WORDS.has(value));
  // A terminal ends lines in another way, and logs write a time before each.
  const lines = secrets.flatMap((secret) => secret.split("\n").map((line) => line.trim()));
  const parts = [...secrets, ...lines.filter(({ length }) => length >= MIN_LINE_LENGTH)];
  const all = new Set([...parts.flatMap(formsOf), ...secrets.flatMap(base64Forms)]);
  const forms = [...all].filter((form) => form.length >= MIN_SECRET_LENGTH);
  // The longest first: a form may contain another one.
  const sorted = forms.sort((a, b) => b.length - a.length);
  const [long, short] = [sorted.filter(isLong), sorted.filter((form) => !isLong(form)).map(escapePattern)];
  const patterns = short.length === 0 ? long : [...long, new RegExp(short.join("|"), "g")];
  const redact = (text: string) => patterns.reduce<string>((shown, form) => shown.replaceAll(form, SECRET_MASK), text);
  return redactorOf(redact, forms);
}

/** @param forms All that `redact` removes. */
export function redactorOf(redact: (text: string) => string, forms: readonly string[]): Redactor {
  const maxLength = forms.reduce((longest, { length }) => Math.max(longest, length), 0);
  const partialLength = (text: string) => {
    const end = text.slice(Math.max(0, text.length - maxLength + 1));
    return forms.reduce((longest, form) => {
      const first = form.charAt(0);
      // Seldom more than a few: the search for one character is native.
      for (let index = end.indexOf(first); index !== -1; index = end.indexOf(first, index + 1)) {
        if (form.startsWith(end.slice(index))) return Math.max(longest, end.length - index);
      }
      return longest;
    }, 0);
  };
  return Object.assign((text: string) => redact(text), { maxLength, partialLength });
}

/** A secret may be split between two pieces: the end of each piece is held, as it is, until the next one arrives. */
export function redactPieces(redact: Redactor): PieceMapper {
  let held = "";
  return {
    add(piece) {
      const text = held + piece;
      const end = endOfComplete(text, redact);
      held = text.slice(end);
      return redact(text.slice(0, end));
    },
    end: () => redact(held),
  };
}

/** Where a text can be divided no matter what follows it: neither in a secret nor in a surrogate pair. */
function endOfComplete(text: string, redact: Redactor): number {
  const partialLength = redact.partialLength(text);
  if (partialLength === 0 && !isHighSurrogate(text, text.length - 1)) return text.length;
  let end = text.length - partialLength;
  const start = Math.max(0, end - redact.maxLength);
  const around = (from: number, to?: number) => redact(text.slice(from, to));
  while (end > 0 && (isHighSurrogate(text, end - 1) || around(start, end) + around(end) !== around(start))) end--;
  return end;
}

export function isHighSurrogate(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0xd800 && code <= 0xdbff;
}

/**
 * Applies a redactor to every string of a value, and to the pieces of a stream of text.
 *
 * @param redactName For the names of members, which stay by default.
 */
export function redactDeep<T>(value: T, redact: Redactor, redactName?: (name: string) => string): T;
export function redactDeep(
  value: unknown,
  redact: Redactor,
  redactName: (name: string) => string = (name) => name,
): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redact, redactName));
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof ReadableStream) return mapPieces(value, redactPieces(redact));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [redactName(name), redactDeep(member, redact, redactName)]),
  );
}

/** What JSON has of a value, with names and texts redacted, and numbers that are a secret. */
export function redactJson(value: unknown, redact: Redactor): unknown {
  if (redact.maxLength === 0) return value;
  const isSecret = (member: unknown) => typeof member === "number" && redact(String(member)) === SECRET_MASK;
  const json: unknown = JSON.parse(JSON.stringify(value), (_, member) => isSecret(member) ? SECRET_MASK : member);
  return redactDeep(json, redact, redact);
}

/** The same error with its texts redacted. Its cause is dropped: a cause quotes the same text. */
export function redactError<E>(error: E, redact: Redactor): E {
  if (!(error instanceof RunnerError)) return error;
  const all = [error.message, error.hint ?? "", error.commandHint ?? "", JSON.stringify({ ...error })];
  if (all.every((text) => redact(text) === text)) return error;
  const { message, commandHint, stack = "" } = error;
  const texts = redactDeep({ ...error, message, commandHint, stack }, redact);
  return withMembers(error, { ...texts, cause: undefined });
}

/** The same error without what a server wrote, which may repeat a secret that is not known. */
export function withoutServerText<E extends RunnerError>(error: E): E {
  const ownWords = ownWordsOf(error);
  if (ownWords === error.message) return error;
  const message = `${ownWords}: the server's words are withheld, because the secrets of the run are not known here`;
  const problems = "problems" in error && { problems: [] };
  return withMembers(error, { message, stack: message, cause: undefined, ...problems });
}

/** The same error with other values of some members. */
function withMembers<E extends RunnerError>(error: E, members: object): E {
  const own: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(error);
  const changed = Object.entries(members).map(([name, value]) => {
    return [name, { value, enumerable: own[name]?.enumerable ?? false, writable: true, configurable: true }];
  });
  return Object.create(Object.getPrototypeOf(error), { ...own, ...Object.fromEntries(changed) });
}

/** An error's message without what a server wrote: what follows the first colon, except for the status at its end. */
export function ownWordsOf({ kind, message }: RunnerError): string {
  if (kind === "unreachable" || kind === "response_lost") return message;
  // The response had no message.
  if (/: the server answered \d{3} \(request [\w-]+\)$/.test(message)) return message;
  const [status = ""] = / \(\d{3}(?:, request [\w-]+)?\)$/.exec(message) ?? [];
  return message.replace(/: .*$/s, status);
}

function formsOf(value: string): string[] {
  const inJson = (text: string) => JSON.stringify(text).slice(1, -1);
  const json = inJson(value);
  // Go escapes what HTML may not contain, Python what is not ASCII.
  const escaped = [json, json.replaceAll(/[<>&]/g, jsonEscape), json.replaceAll(/[^\0-\x7f]/g, jsonEscape)];
  const component = encodeURIComponent(value.toWellFormed());
  // JavaScript keeps these, RFC 3986 does not.
  const encoded = component.replaceAll(/[!'()*]/g, (text) => `%${text.charCodeAt(0).toString(16).toUpperCase()}`);
  return [
    value,
    // As messages and views show it on one line.
    value.trim().replaceAll(/\s+/g, " "),
    value.replaceAll("\n", "\\n").replaceAll("\t", "\\t"),
    ...escaped,
    ...escaped.map(inJson),
    component,
    encoded,
    encoded.replaceAll("%2F", "/"),
    encoded.replaceAll("%20", "+"),
    new URLSearchParams([["", value]]).toString().slice(1),
  ];
}

/** The part of the base64 that does not depend on the text around the value, for each of the three offsets. */
function base64Forms(value: string): string[] {
  const bytes = new TextEncoder().encode(value);
  return [0, 1, 2].flatMap((offset) => {
    const shifted = new Uint8Array(offset + bytes.length);
    shifted.set(bytes, offset);
    const text = encodeBase64(shifted);
    const stable = text.slice(Math.ceil(offset * 8 / 6), Math.floor(shifted.length * 8 / 6));
    return [stable, stable.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

/** A regular expression of more than 32,764 characters is refused, by an error that quotes it. */
function isLong({ length }: string): boolean {
  return length > 10_000;
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
