import type { Context } from "./context.ts";

/**
 * A context whose reads of files and stdin end when the signal aborts: a FIFO without a writer, a pipe that stays open or
 * a file server that hangs would otherwise keep the program running. Answers at the terminal are not affected.
 */
export function withStoppableReads(context: Context, signal: AbortSignal): Context {
  const stoppable = <T>(read: () => Promise<T>) => untilAborted(read, signal);
  return {
    ...context,
    readTextFile: (path) => stoppable(() => context.readTextFile(path)),
    listFiles: (folder, pattern) => stoppable(() => context.listFiles(folder, pattern)),
    stdin: {
      isTerminal: context.stdin.isTerminal,
      readText: () => stoppable(() => context.stdin.readText()),
    },
  };
}

/** The read itself cannot be cancelled: it is abandoned. */
async function untilAborted<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([read(), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
