/** Reads the body of a response as it arrives. */

import type { Clock } from "../clock.ts";

/** Removes secrets from a text. */
export interface Redact {
  (text: string): string;
  /** The length of the longest secret. */
  readonly maxLength: number;
}

export interface IdleLimit {
  /** Aborts when an operation takes too long. */
  readonly signal: AbortSignal;
  within<T>(operation: () => Promise<T>): Promise<T>;
}

/** Limits each operation of an exchange, but not the time between them, which the consumer may need. */
export function createIdleLimit(clock: Clock, timeoutMs: number): IdleLimit {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    async within(operation) {
      using deadline = clock.timeout(timeoutMs);
      const onTimeout = () => controller.abort(deadline.signal.reason);
      deadline.signal.addEventListener("abort", onTimeout, { once: true });
      try {
        return await operation();
      } finally {
        deadline.signal.removeEventListener("abort", onTimeout);
      }
    },
  };
}

export interface StreamedTextOptions {
  readonly within: IdleLimit["within"];
  readonly redact: Redact;
  /** Turns the runtime's error into ours. */
  readonly onError: (error: unknown) => Error;
}

/** The decoded body, as it arrives. */
export function streamedText(
  { body }: Response,
  { within, redact, onError }: StreamedTextOptions,
): ReadableStream<string> {
  const reader = (body ?? new Blob().stream()).getReader();
  const bytes = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await within(() => reader.read());
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        throw onError(error);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return bytes.pipeThrough(new TextDecoderStream()).pipeThrough(redactedPieces(redact));
}

/** A secret may be split between two pieces: the end of each piece is held until the next one arrives. */
function redactedPieces(redact: Redact): TransformStream<string, string> {
  let held = "";
  return new TransformStream({
    transform(piece, controller) {
      const text = redact(held + piece);
      const length = Math.max(0, text.length - redact.maxLength);
      // A surrogate pair stays in one piece.
      const end = /[\ud800-\udbff]/.test(text.charAt(length - 1)) ? length - 1 : length;
      held = text.slice(end);
      if (end > 0) controller.enqueue(text.slice(0, end));
    },
    flush(controller) {
      if (held !== "") controller.enqueue(held);
    },
  });
}
