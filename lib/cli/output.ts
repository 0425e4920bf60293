/** Why this file: the one place that writes. Answers go to stdout, the conversation to stderr. */

import type { Clock } from "../clock.ts";
import { LOG_LEVELS, type LogLevel } from "../log.ts";
import type { Context, TextWriter } from "./context.ts";
import { hideValues } from "../inputs/secrets.ts";
import { type LiveLine, startLiveLine } from "./terminal/live_line.ts";
import { escapeControlCharacters, escapeJson } from "../escape.ts";
import { type Style, STYLE_SEQUENCE, styleFor } from "./terminal/style.ts";

/** How the answer is told: to people, as one JSON document, or as JSON Lines while it comes about. */
export type OutputMode = "text" | "json" | "events";

export interface OutputOptions {
  readonly mode: OutputMode;
  readonly level: LogLevel;
  /** False when somebody asked for no colours; they are shown on terminals alone anyway. */
  readonly mayColor: boolean;
  /** What {@link Output.hide} was told, where several outputs of one call share it. */
  readonly hidden?: string[];
}

export interface Output {
  readonly mode: OutputMode;
  /** What the answer may be coloured with. */
  readonly answerStyle: Style;
  /** What the conversation may be coloured with. */
  readonly style: Style;
  /** A line or more of the answer. */
  answer(text: string): void;
  /** Text that is handed on as it is, like a file's: only made harmless. */
  raw(text: string): void;
  /** The answer as one JSON document. */
  document(value: unknown): void;
  /** One line of JSON Lines. */
  event(value: unknown): void;
  /** A line of the conversation; kept back when it is below the wanted level. */
  say(level: LogLevel, text: string): void;
  /** From now on these words are masked wherever they would be written: a server may send back what it was sent. */
  hide(words: readonly string[]): void;
  /** Whether lines of this level are shown. */
  shows(level: LogLevel): boolean;
  /** A line that is rewritten in place; `undefined` where the conversation isn't on a terminal. */
  live(clock: Clock, render: (columns: number) => string): LiveLine | undefined;
}

export function createOutput(
  { stdout, stderr }: Context,
  { mode, level, mayColor, hidden = [] }: OutputOptions,
): Output {
  let live: LiveLine | undefined;
  const shows = (wanted: LogLevel) => LOG_LEVELS.indexOf(wanted) >= LOG_LEVELS.indexOf(level);
  const write = (writer: TextWriter, text: string) => {
    // The live line makes room, and comes back below what was written.
    live?.hide();
    writer.write(hideValues(text, hidden));
    live?.draw();
  };
  const isColored = { answer: mayColor && stdout.isTerminal, interactive: mayColor && stderr.isTerminal };
  return {
    mode,
    answerStyle: styleFor(isColored.answer),
    style: styleFor(isColored.interactive),
    shows,
    hide: (words) => void hidden.push(...words),
    answer: (text) => write(stdout, `${cleaned(text, isColored.answer)}\n`),
    raw: (text) => write(stdout, escapeControlCharacters(text)),
    document: (value) => write(stdout, `${escapeJson(JSON.stringify(value, null, 2))}\n`),
    event: (value) => write(stdout, `${escapeJson(JSON.stringify(value))}\n`),
    say(wanted, text) {
      if (shows(wanted)) write(stderr, `${cleaned(text, isColored.interactive)}\n`);
    },
    live(clock, render) {
      if (!stderr.isTerminal || !shows("INFO")) return undefined;
      const line = startLiveLine(stderr, clock, (columns) => cleaned(render(columns), isColored.interactive));
      live = line;
      return {
        ...line,
        [Symbol.dispose]() {
          line[Symbol.dispose]();
          live = undefined;
        },
      };
    },
  };
}

/** Whatever a renderer forgot to clean stops here: only our own colours pass, and only where there are any. */
function cleaned(text: string, isColored: boolean): string {
  if (!isColored) return escapeControlCharacters(text);
  return text.split(STYLE_SEQUENCE).map((part, index) => index % 2 === 1 ? part : escapeControlCharacters(part)).join(
    "",
  );
}
