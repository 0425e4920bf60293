import type { TextWriter } from "../../lib/cli/context.ts";

/** Keeps everything that is written. */
export interface BufferedWriter extends TextWriter {
  /** One element per write. */
  readonly pieces: readonly string[];
  text(): string;
}

export function bufferedWriter({ isTerminal = false, columns = 80, rows = 24 } = {}): BufferedWriter {
  const pieces: string[] = [];
  return {
    pieces,
    isTerminal,
    columns: () => columns,
    rows: () => rows,
    write: (text) => void pieces.push(text),
    text: () => pieces.join(""),
  };
}
