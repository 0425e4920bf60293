/** Reads what the user names. Any path can be a device or a pipe without an end. */

import { UsageError } from "../errors.ts";

/** As much as the largest response that is accepted from the platform. */
export const MAX_INPUT_BYTES = 32 * 1024 * 1024;

/**
 * Reads a stream as UTF-8, with replacement characters for invalid bytes.
 *
 * @param name Completes "Cannot read …", like `stdin`.
 * @throws UsageError if it is larger than {@link MAX_INPUT_BYTES}.
 */
export async function readBoundedText(stream: ReadableStream<Uint8Array>, name: string): Promise<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const parts: string[] = [];
  let bytes = 0;
  // Leaving the loop early closes the stream.
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_INPUT_BYTES) {
      throw new UsageError(`Cannot read ${name}: it is larger than ${MAX_INPUT_BYTES / 1024 / 1024} MiB`);
    }
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  parts.push(decoder.decode());
  return parts.join("");
}
