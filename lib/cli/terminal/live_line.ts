import type { Clock } from "../../clock.ts";
import type { TextWriter } from "../context.ts";

const CLEAR_LINE = "\r\u001b[K";
const TICK_MS = 1_000;
/** One cell keeps the last column free, two are for the echo of Ctrl-C as `^C`. */
const FREE_CELLS = 3;

export type LiveLine = ReturnType<typeof startLiveLine>;

/**
 * Draws one or more lines now and every second, in place; disposing clears them.
 *
 * @param rowsOf How many rows of the terminal a line takes: one, unless it became narrower since and has wrapped the line.
 */
export function startLiveLine(
  writer: TextWriter,
  clock: Clock,
  render: (columns: number, rows: number) => string,
  rowsOf: (line: string, columns: number) => number = () => 1,
) {
  const stopping = new AbortController();
  let shown = "";
  /** From the end of the text that is shown to its beginning. */
  const clearing = () => {
    const columns = writer.columns();
    const rows = shown.split("\n").reduce((sum, line) => sum + rowsOf(line, columns), 0);
    return rows === 1 ? CLEAR_LINE : `\r\u001b[${rows - 1}A\u001b[J`;
  };
  const hide = () => {
    if (shown !== "") writer.write(clearing());
    shown = "";
  };
  const draw = () => {
    if (stopping.signal.aborted) return;
    const line = render(writer.columns() - FREE_CELLS, writer.rows());
    if (line === shown) return;
    writer.write(clearing() + line);
    shown = line;
  };
  const continuing = writer.onContinue?.(() => {
    shown = "";
    draw();
  });
  draw();
  tick(clock, draw, stopping.signal);
  return {
    /** Renders the line now; writes only if it has changed. */
    draw,
    /** Clears the line until the next draw. */
    hide,
    [Symbol.dispose](): void {
      hide();
      continuing?.[Symbol.dispose]();
      stopping.abort();
    },
  };
}

async function tick(clock: Clock, draw: () => void, signal: AbortSignal): Promise<void> {
  try {
    while (true) {
      await clock.sleep(TICK_MS, { signal });
      // If the program was stopped, the callback for that comes first.
      await clock.sleep(0, { signal });
      draw();
    }
  } catch {
    // Disposed, or the reader closed the stream: there is no line left to update.
  }
}
