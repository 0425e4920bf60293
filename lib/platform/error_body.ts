/**
 * What an error's body says. The platform has two forms: its own envelope (`{error, message, code?, errors?}`) and
 * problem details (RFC 9457); a proxy before it may send a web page, or nothing. Nothing is assumed.
 */

import type { Problem } from "../problem.ts";

export interface ErrorBody {
  /** On one line, without a full stop; `null` when there are no words for people. */
  readonly message: string | null;
  /** The platform's stable name for what is wrong. */
  readonly code: string | null;
  readonly problems: readonly Problem[];
  /** JSON pointers of the fields that are wrong, like `#/slug`. */
  readonly pointers: readonly string[];
}

const SILENT: ErrorBody = { message: null, code: null, problems: [], pointers: [] };

const MAX_CHARACTERS = 500;

export function readErrorBody(text: string): ErrorBody {
  const content = parsed(text);
  if (typeof content === "string") return { ...SILENT, message: isPlainWords(content) ? tidy(content) : null };
  if (!isObject(content)) return SILENT;
  const errors = Array.isArray(content.errors) ? content.errors : [];
  const message = words(content.detail) ?? words(content.message) ?? words(content.title);
  return {
    message,
    code: typeof content.code === "string" && content.code !== "" ? content.code : null,
    problems: errors.map(problem).filter((found) => found !== null),
    pointers: errors.flatMap((error) => isObject(error) && typeof error.pointer === "string" ? [error.pointer] : []),
  };
}

/** `#/inputs/rows/0/name` as `inputs.rows[0].name`. */
export function pathOfPointer(pointer: string): string {
  const tokens = pointer.replace(/^#/, "").split("/").slice(1).map(unescaped);
  return tokens.reduce((path, token) => {
    if (/^\d+$/.test(token)) return `${path}[${token}]`;
    if (!/^[\w-]+$/.test(token)) return `${path}[${JSON.stringify(token)}]`;
    return path === "" ? token : `${path}.${token}`;
  }, "");
}

/** What is not JSON is taken for text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A short line of text, not a page. */
function isPlainWords(text: string): boolean {
  const line = text.trim();
  return line !== "" && line.length <= 200 && !/[<>{}[\]]/.test(line);
}

/** A field's error (RFC 9457 style), or one of the envelope's plain lines. */
function problem(error: unknown): Problem | null {
  if (typeof error === "string") return error.trim() === "" ? null : { origin: "", path: "", message: tidy(error) };
  if (!isObject(error)) return null;
  const message = words(error.detail) ?? words(error.message) ?? words(error.code);
  if (message === null) return null;
  const path = typeof error.pointer === "string"
    ? pathOfPointer(error.pointer)
    : typeof error.parameter === "string"
    ? error.parameter
    : "";
  return { origin: "", path, message };
}

function words(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? tidy(value) : null;
}

function tidy(text: string): string {
  const line = text.trim().replace(/\s+/g, " ").replace(/\.$/, "");
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}...` : line;
}

function unescaped(token: string): string {
  let plain = token;
  try {
    plain = decodeURIComponent(token);
  } catch {
    // Not percent-encoded, though it should be: as it is.
  }
  return plain.replaceAll("~1", "/").replaceAll("~0", "~");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
