/** Opens a file for reading without blocking the program. */

/** @throws Deno.errors.NotFound and the other errors of `Deno.open`. */
export async function openFile(path: string): Promise<ReadableStream<Uint8Array>> {
  const { isFifo } = await Deno.stat(path);
  return isFifo === true ? openFifo(path) : (await Deno.open(path)).readable;
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
