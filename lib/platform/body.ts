/** The body of a response as text, in pieces of any total size. */

import { orError } from "../errors.ts";
import { type Redactor, redactPieces } from "../redact.ts";

interface StreamedTextOptions {
  /** Limits the wait for each piece. */
  readonly idle: { withinEach<T>(operation: () => Promise<T>): Promise<T>; stop(): void };
  readonly redact: Redactor;
  /** Converts the runtime's error to ours. */
  readonly onError: (error: unknown) => Error;
}

/** The decoded body, as it arrives. */
export function streamedText(
  { body }: Response,
  { idle, redact, onError }: StreamedTextOptions,
): ReadableStream<string> {
  const reader = byteReader(body ?? new Blob().stream());
  const decoder = createUtf8Decoder();
  const redacted = redactPieces(redact);
  return new ReadableStream({
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
  }, { highWaterMark: 0 });
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

/** Decodes the pieces of a text, in their order. */
interface Utf8Decoder {
  /** The complete characters; the beginning of another one is held. */
  add(bytes: Uint8Array): string;
  /** What was held, as U+FFFD. */
  end(): string;
}

const NONE = new Uint8Array();

/**
 * Decodes as `TextDecoder` does. With its own `stream` option, that of Deno 2.4 returns strings with two bytes per
 * character, even of ASCII: all that follows takes twice the memory, and half again as long.
 */
export function createUtf8Decoder(): Utf8Decoder {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let held = NONE;
  let isStart = true;
  const decode = (bytes: Uint8Array): string => {
    const text = decoder.decode(bytes);
    if (!isStart || text === "") return text;
    isStart = false;
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  };
  return {
    add(bytes) {
      const all = held.length === 0 ? bytes : joined(held, bytes);
      const heldLength = unfinishedLength(all);
      if (heldLength === 0) {
        held = NONE;
        return decode(all);
      }
      held = all.slice(all.length - heldLength);
      return decode(all.subarray(0, all.length - heldLength));
    },
    end: () => decode(held),
  };
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}

/** The length of a character's beginning at the end. */
function unfinishedLength(bytes: Uint8Array): number {
  for (let length = 1; length <= 3; length++) {
    const byte = bytes.at(-length) ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return length < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? length : 0;
  }
  return 0;
}
