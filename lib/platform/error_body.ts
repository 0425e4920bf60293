/**
 * Reads the body of an error response. The platform has two formats: its own envelope (`{error, message, code?, errors?}`)
 * and problem details (RFC 9457). A proxy may send a web page, or nothing.
 */

import { nonBlank } from "../text.ts";
import { isObject, parseJson } from "../json.ts";
import type { Problem } from "../problem.ts";

export interface ErrorBody {
  /** One line, without a final period; `null` if there is no readable message. */
  readonly message: string | null;
  /** The platform's error code. */
  readonly code: string | null;
  readonly problems: readonly Problem[];
  /** JSON pointers to the invalid fields, like `#/slug`. */
  readonly pointers: readonly string[];
}

const EMPTY: ErrorBody = { message: null, code: null, problems: [], pointers: [] };

const MAX_CHARACTERS = 500;

export function readErrorBody(text: string): ErrorBody {
  const json = parseJson(text);
  const content = json === undefined ? text : json;
  if (typeof content === "string") return { ...EMPTY, message: isShortText(content) ? normalize(content) : null };
  if (!isObject(content)) return EMPTY;
  const errors = Array.isArray(content.errors) ? content.errors : [];
  const message = messageOf(content.detail) ?? messageOf(content.message) ?? messageOf(content.title);
  return {
    message,
    code: typeof content.code === "string" && content.code !== "" ? content.code : null,
    problems: errors.map(problemOf).filter((problem) => problem !== null),
    pointers: errors.flatMap((error) => isObject(error) && typeof error.pointer === "string" ? [error.pointer] : []),
  };
}

/** Converts `#/inputs/rows/0/name` to `inputs.rows[0].name`. */
export function pathOfPointer(pointer: string): string {
  const tokens = pointer.replace(/^#/, "").split("/").slice(1).map(unescaped);
  return tokens.reduce((path, token) => {
    if (/^\d+$/.test(token)) return `${path}[${token}]`;
    if (!/^[\w-]+$/.test(token)) return `${path}[${JSON.stringify(token)}]`;
    return path === "" ? token : `${path}.${token}`;
  }, "");
}

/** False for a web page or JSON. */
function isShortText(text: string): boolean {
  const line = text.trim();
  return line !== "" && line.length <= 200 && !/[<>{}[\]]/.test(line);
}

/** A field's error (RFC 9457 style), or one of the envelope's plain lines. */
function problemOf(error: unknown): Problem | null {
  if (typeof error === "string") {
    const message = messageOf(error);
    return message === null ? null : { origin: "", path: "", message };
  }
  if (!isObject(error)) return null;
  const message = messageOf(error.detail) ?? messageOf(error.message) ?? messageOf(error.code);
  if (message === null) return null;
  const path = typeof error.pointer === "string"
    ? pathOfPointer(error.pointer)
    : typeof error.parameter === "string"
    ? error.parameter
    : "";
  return { origin: "", path, message };
}

function messageOf(value: unknown): string | null {
  const text = nonBlank(value);
  return text === null ? null : normalize(text);
}

function normalize(text: string): string {
  const line = text.trim().replace(/\s+/g, " ").replace(/\.$/, "");
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}...` : line;
}

function unescaped(token: string): string {
  let plain = token;
  try {
    plain = decodeURIComponent(token);
  } catch {
    // Not percent-encoded, although it should be: used unchanged.
  }
  return plain.replaceAll("~1", "/").replaceAll("~0", "~");
}
