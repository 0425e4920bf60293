/** What a request's address and headers ask for, beside its path. */

import { problem } from "./problem.ts";

/** Hosts end requests that take long, and whoever asks may hang up: more is for the next question. */
const MAX_WAIT_MS = 25_000;
const MAX_KEY_LENGTH = 255;

/** The answer to a parameter that an address does not know: a slip would otherwise be passed over in silence. */
export function unknownParameter({ searchParams }: URL, known: readonly string[]): Response | undefined {
  const unknown = [...searchParams.keys()].find((name) => !known.includes(name));
  if (unknown === undefined) return undefined;
  return problem(400, `The parameter ${JSON.stringify(unknown)} is not known here: there are ${known.join(", ")}`);
}

/** How long to wait for the end of a run, milliseconds; or the answer that says why that can't be read. */
export function waitIn({ searchParams }: URL): number | Response {
  const text = searchParams.get("wait");
  if (text === null) return 0;
  const [, seconds] = /^(\d{1,6})s?$/.exec(text) ?? [];
  if (seconds === undefined) return problem(400, "wait must be a number of seconds, like 25s");
  return Math.min(MAX_WAIT_MS, Number(seconds) * 1_000);
}

/** A whole number of some range; `undefined` when it is none. */
export function wholeNumber(text: string, least: number, most: number): number | undefined {
  const value = Number(text);
  return /^\d{1,9}$/.test(text) && value >= least && value <= most ? value : undefined;
}

/**
 * The name that the caller gave the wish, `undefined` when it gave none; or the answer that says why it can't be read.
 * The header is a structured string, `"…"` (draft-ietf-httpapi-idempotency-key-header, section 2.1; RFC 9651, section
 * 3.3.3). The quotes may be left out, as most who send it do: with and without them it is the same key.
 */
export function idempotencyKey(headers: Headers): string | undefined | Response {
  const text = headers.get("idempotency-key")?.trim() ?? "";
  if (text === "") return undefined;
  const [, quoted, bare] = /^(?:"((?:[ !#-[\]-~]|\\["\\])+)"|([ !#-+\--~]+))$/.exec(text) ?? [];
  const key = quoted?.replace(/\\(["\\])/g, "$1") ?? bare;
  if (key !== undefined && key.length <= MAX_KEY_LENGTH) return key;
  return problem(400, `The Idempotency-Key must be one string of visible characters, at most ${MAX_KEY_LENGTH}`);
}
