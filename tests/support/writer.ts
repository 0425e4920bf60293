/** A stream that keeps what is written to it. */

import type { TextWriter } from "../../lib/cli/context.ts";

export interface KeptWriter extends TextWriter {
  /** Every piece, in order. */
  readonly pieces: readonly string[];
  /** All of it, in one. */
  text(): string;
}

export function keptWriter({ isTerminal = false, columns = 80 } = {}): KeptWriter {
  const pieces: string[] = [];
  return {
    pieces,
    isTerminal,
    columns: () => columns,
    write: (text) => void pieces.push(text),
    text: () => pieces.join(""),
  };
}
