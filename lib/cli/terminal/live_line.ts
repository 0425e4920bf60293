/** One line of a terminal, rewritten in place. */

import type { Clock } from "../../clock.ts";
import type { TextWriter } from "../context.ts";

const CLEAR_LINE = "\r\u001b[K";
const TICK_MS = 1_000;
/** A full last column would wrap, and a terminal echoes Ctrl-C as `^C` behind the line: what wraps can't be taken back. */
const FREE_CELLS = 3;

export interface LiveLine extends Disposable {
  /** Writes the line as it now is. */
  draw(): void;
  /** Takes it off the screen until it is drawn again. */
  hide(): void;
}

/** Draws a line at once and every second, and leaves nothing behind when disposed. */
export function startLiveLine(writer: TextWriter, clock: Clock, render: (columns: number) => string): LiveLine {
  const stopping = new AbortController();
  let shown = "";
  const hide = () => {
    if (shown !== "") writer.write(CLEAR_LINE);
    shown = "";
  };
  const draw = () => {
    if (stopping.signal.aborted) return;
    const line = render(writer.columns() - FREE_CELLS);
    if (line === shown) return;
    writer.write(CLEAR_LINE + line);
    shown = line;
  };
  draw();
  tick(clock, draw, stopping.signal);
  return {
    draw,
    hide,
    [Symbol.dispose]() {
      hide();
      stopping.abort();
    },
  };
}

async function tick(clock: Clock, draw: () => void, signal: AbortSignal): Promise<void> {
  try {
    while (true) {
      await clock.sleep(TICK_MS, { signal });
      draw();
    }
  } catch {
    // Disposed, or nobody reads: either way there is no line to keep.
  }
}
