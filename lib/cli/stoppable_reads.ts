import { UsageError } from "../errors.ts";
import type { Context } from "./context.ts";

/**
 * A context whose reads of files and stdin are abandoned when the signal aborts: a FIFO without a writer, a pipe that stays
 * open or a file server that hangs would otherwise keep the program running. An abandoned read never returns, so that no
 * caller takes the stop for a file that cannot be read. A prompt ends too, but a question that is asked afterwards is
 * about the stop itself. A second read of stdin is refused, because it would return an empty text.
 *
 * @returns Also a promise that rejects with the signal's reason once a read can no longer be waited for.
 */
export function stoppableReads(context: Context, signal: AbortSignal) {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  stopped.catch(() => {}); // It may reject before it is awaited.
  let pending = 0;
  const abandon = () => reject(signal.reason);
  signal.addEventListener("abort", () => pending > 0 && abandon(), { once: true });

  const stoppable = async <T>(read: () => Promise<T>): Promise<T> => {
    if (signal.aborted) abandon();
    pending++;
    try {
      return await read();
    } finally {
      pending--;
      if (signal.aborted) await new Promise<never>(() => {});
    }
  };
  const filesRead: string[] = [];
  const { readTextFile, listFiles, stdin, promptSecret, promptYesNo } = context;
  let isStdinRead = false;
  const readStdin = () => {
    if (isStdinRead) throw new UsageError("Cannot read stdin: it can only be read once");
    isStdinRead = true;
    return stdin.readText();
  };
  return {
    stopped,
    context: {
      ...context,
      filesRead,
      readTextFile(path) {
        filesRead.push(path);
        return stoppable(() => readTextFile(path));
      },
      listFiles: (folder, pattern, kind) => stoppable(() => listFiles(folder, pattern, kind)),
      promptSecret: (label) => promptSecret(label, signal),
      promptYesNo: promptYesNo && ((question) => promptYesNo(question, signal.aborted ? undefined : signal)),
      stdin: { isTerminal: stdin.isTerminal, readText: () => stoppable(readStdin) },
    } satisfies Context,
  };
}
