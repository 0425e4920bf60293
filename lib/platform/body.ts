/** The body of a response as text, in pieces of any total size. */

import { orError } from "../errors.ts";
import { isEscaped, nextQuote, parseJson } from "../json.ts";
import type { PieceMapper } from "../pieces.ts";
import { isHighSurrogate, type Redactor, redactPieces } from "../redact.ts";

interface StreamedTextOptions {
  /** Limits the wait for each piece. */
  readonly idle: { withinEach<T>(operation: () => Promise<T>): Promise<T>; stop(): void };
  readonly redact: Redactor;
  /** Converts the runtime's error to ours. */
  readonly onError: (error: unknown) => Error;
}

/** The decoded body, as it arrives. */
export function streamedText(
  response: Response,
  { idle, redact, onError }: StreamedTextOptions,
): ReadableStream<string> {
  const reader = byteReader(response.body ?? new Blob().stream());
  const decoder = createUtf8Decoder();
  const redacted = redactPieces(redact);
  const source: UnderlyingDefaultSource<string> & { readonly response: Response } = {
    // Once the runtime has collected a response as garbage, aborting its request no longer ends a read of its body.
    response,
    async pull(controller) {
      try {
        for (let text = ""; text === "";) {
          const bytes = await idle.withinEach(() => reader.read());
          text = redacted.add(bytes === null ? decoder.end() : decoder.add(bytes));
          if (bytes === null) text += redacted.end();
          if (text !== "") controller.enqueue(text);
          if (bytes !== null) continue;
          idle.stop();
          return controller.close();
        }
      } catch (error) {
        idle.stop();
        throw onError(error);
      }
    },
    cancel(reason) {
      idle.stop();
      return reader.cancel(reason);
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

const READ_BYTES = 64 * 1024;

/** Reads into one buffer where the stream allows that: creating one for each piece takes a tenth of a long log's time. */
function byteReader(body: ReadableStream<Uint8Array>) {
  const reader = byobReader(body);
  if (reader === null) {
    const reader = body.getReader();
    return {
      read: async () => (await reader.read()).value ?? null,
      cancel: (reason: unknown) => reader.cancel(reason),
    };
  }
  let buffer: ArrayBufferLike = new ArrayBuffer(READ_BYTES);
  return {
    /** Valid until the next call; `null` at the end. */
    async read(): Promise<Uint8Array | null> {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (value !== undefined) buffer = value.buffer;
      return done ? null : value;
    },
    cancel: (reason: unknown) => reader.cancel(reason),
  };
}

/** `null` for a stream that is no byte stream, as a response of another `fetch` than the runtime's may be. */
function byobReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  const reader = orError(TypeError, () => body.getReader({ mode: "byob" }));
  return reader instanceof Error ? null : reader;
}

/** Decodes the pieces of a text, in their order: `add` returns the complete characters, `end` what was held, as U+FFFD. */
export function createUtf8Decoder() {
  // With its default, the runtime drops a byte order mark at the beginning of each piece.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let isStart = true;
  const decode = (bytes?: Uint8Array): string => {
    const text = decoder.decode(bytes, { stream: bytes !== undefined });
    if (!isStart || text === "") return text;
    isStart = false;
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  };
  return { add: (bytes: Uint8Array): string => decode(bytes), end: (): string => decode() };
}

/**
 * Decodes a JSON document that is a single string, piece by piece, so that a large one is never in memory as a whole.
 *
 * @param invalid Creates the error for any other document.
 */
export function jsonStringPieces(invalid: () => Error): PieceMapper {
  let state: "before" | "inside" | "after" = "before";
  let held = "";
  return {
    add(piece) {
      let text = held + piece;
      let decoded = "";
      held = "";
      if (state === "before") {
        text = text.replace(/^[ \t\r\n]+/, "");
        if (text === "") return "";
        if (!text.startsWith('"')) throw invalid();
        state = "inside";
        text = text.slice(1);
      }
      if (state === "inside") {
        const quote = nextQuote(text, 0);
        const end = quote === -1 ? decodableLength(text) : quote;
        decoded = decodeContent(text.slice(0, end), invalid);
        if (quote === -1) {
          held = text.slice(end);
          return decoded;
        }
        state = "after";
        text = text.slice(quote + 1);
      }
      if (!/^[ \t\r\n]*$/.test(text)) throw invalid();
      return decoded;
    },
    end() {
      if (state !== "after") throw invalid();
      return "";
    },
  };
}

function decodeContent(content: string, invalid: () => Error): string {
  // The usual log, several times as fast: of all escapes it has only newlines.
  if (!content.includes("\n")) {
    const text = content.replace(/\\n/g, "\n");
    if (!text.includes("\\")) return text;
  }
  const value = parseJson(`"${content}"`);
  if (typeof value === "string") return value;
  throw invalid();
}

/** The length without an unfinished escape and without half of a surrogate pair at the end. */
function decodableLength(text: string): number {
  const length = withoutEscape(text, text.length, /^u[0-9a-fA-F]{0,3}$/);
  if (isHighSurrogate(text, length - 1)) return length - 1;
  return withoutEscape(text, length, /^u[dD][89abAB][0-9a-fA-F]{2}$/);
}

/** The position of the escape that ends at `end`, if its part after the backslash matches, or is empty; otherwise `end`. */
function withoutEscape(text: string, end: number, afterBackslash: RegExp): number {
  const backslash = end === 0 ? -1 : text.lastIndexOf("\\", end - 1);
  if (backslash === -1 || backslash < end - 6 || isEscaped(text, backslash)) return end;
  const rest = text.slice(backslash + 1, end);
  return rest === "" || afterBackslash.test(rest) ? backslash : end;
}
