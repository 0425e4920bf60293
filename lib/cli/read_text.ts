/** Reads what the user names, without blocking the program. Any path can be a device or a pipe without an end. */

import { UsageError } from "../errors.ts";

/** As much as the largest response that is accepted from the platform. */
export const MAX_INPUT_BYTES = 32 * 1024 * 1024;

/**
 * Reads a stream as UTF-8.
 *
 * @param name Completes "Cannot read …", like `stdin`.
 * @throws UsageError if it is larger than {@link MAX_INPUT_BYTES}, or in another encoding: nothing is replaced silently.
 */
export async function readBoundedText(stream: ReadableStream<Uint8Array>, name: string): Promise<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  const parts: string[] = [];
  let bytes = 0;
  const decoded = (chunk: Uint8Array | undefined) => {
    try {
      parts.push(decoder.decode(chunk, { stream: chunk !== undefined }));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw notUtf8(parts.join(""), chunk ?? new Uint8Array(), name);
    }
  };
  // Leaving the loop early closes the stream.
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_INPUT_BYTES) {
      throw new UsageError(`Cannot read ${name}: it is larger than ${MAX_INPUT_BYTES / 1024 / 1024} MiB`);
    }
    decoded(chunk);
  }
  decoded(undefined);
  return parts.join("");
}

function notUtf8(before: string, chunk: Uint8Array, name: string): UsageError {
  const isUtf16 = before === "" && (/^(?:255,254|254,255)/.test(chunk.subarray(0, 2).join()) || chunk[1] === 0);
  const text = before + new TextDecoder("utf-8", { ignoreBOM: true }).decode(chunk);
  const line = text.slice(0, text.indexOf("\ufffd", before.length)).split("\n").length;
  return new UsageError(`Cannot read ${name}: ${isUtf16 ? "it is UTF-16" : `line ${line} is not UTF-8`}`, {
    hint: `Save it as UTF-8, or convert it: iconv -f ${isUtf16 ? "UTF-16" : "LATIN1"} -t UTF-8`,
  });
}

/** @throws Deno.errors.NotFound and the other errors of `Deno.open`; as {@link readBoundedText}. */
export async function readTextFile(path: string): Promise<string> {
  const { isFifo } = await Deno.stat(path);
  return await readBoundedText(isFifo === true ? openFifo(path) : (await Deno.open(path)).readable, path);
}

/** Posts the content in chunks, then `null`; or the message of an error. */
const WORKER = `self.onmessage = async ({ data: path }) => {
  try {
    const file = await Deno.open(path);
    for await (const chunk of file.readable) self.postMessage(chunk);
    self.postMessage(null);
  } catch (error) {
    self.postMessage(error.message);
  }
};`;

/** On Deno 2.4, opening a FIFO blocks its thread, even for signals, until there is a writer: it gets a thread of its own. */
function openFifo(path: string): ReadableStream<Uint8Array> {
  const url = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  return new ReadableStream({
    start(controller) {
      worker.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (data instanceof Uint8Array) return controller.enqueue(data);
        worker.terminate();
        if (data === null) controller.close();
        else controller.error(new Error(String(data)));
      };
      worker.postMessage(path);
    },
    cancel: () => worker.terminate(),
  });
}
