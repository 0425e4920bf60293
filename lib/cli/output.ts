/** The only place that writes: answers go to stdout, messages to stderr. */

import type { Clock } from "../clock.ts";
import { LOG_LEVELS, type LogLevel } from "../log.ts";
import { type Context, OutputFailed, type TextWriter } from "./context.ts";
import { createRedactor } from "../redact.ts";
import type { Reporter } from "./reporter.ts";
import type { ColorMode } from "./terminal/color_mode.ts";
import { type LiveLine, startLiveLine } from "./terminal/live_line.ts";
import { escapeControlCharacters, escapeJson } from "../escape.ts";
import { SGR_SEQUENCE } from "../log_text.ts";
import { type Layout, type Style, STYLE_SEQUENCE, styleFor } from "./terminal/style.ts";

/** Text for people, one JSON document, or JSON Lines as events happen. */
export type OutputMode = "text" | "json" | "events";

export interface OutputOptions {
  readonly mode: OutputMode;
  readonly level: LogLevel;
  readonly color: ColorMode;
  /** True if the terminal cannot rewrite a line. */
  readonly isDumb?: boolean;
  /** Formats {@link Output.document}; JSON by default. */
  readonly formatDocument?: ((value: unknown) => string) | undefined;
  /** The values passed to {@link Output.redact}, shared by the outputs of one invocation. */
  readonly secrets?: string[];
  readonly reporter?: Reporter | undefined;
  /** Wraps lines that are wider than a terminal. */
  readonly wrap?: ((text: string, columns: number) => string) | undefined;
}

export interface Output {
  readonly mode: OutputMode;
  /** Receives what a report contains; `undefined` if none was asked for. */
  readonly reporter: Reporter | undefined;
  /** Colors for stdout. */
  readonly answerStyle: Style;
  /** Colors for stderr. */
  readonly style: Style;
  /** Writes one or more lines to stdout, wrapped to its terminal. */
  answer(text: string): void;
  /** Writes text to stdout unchanged, such as a file's content or what is to be copied; only control characters are escaped. */
  raw(text: string): void;
  /** Whether logs keep their colors on stdout. */
  readonly mayColorLogs: boolean;
  /** Writes part of a log to stdout: like {@link raw}, but colors stay where they may. */
  logText(text: string): void;
  /** Writes one document to stdout: JSON, or another format that was asked for. */
  document(value: unknown): void;
  /** Writes one line of JSON Lines to stdout. The first that cannot be written is the last: see {@link Output.checkEvents}. */
  event(value: unknown): void;
  /** @throws OutputFailed if an event could not be written. */
  checkEvents(): void;
  /** Writes a message to stderr, wrapped to its terminal, unless it is below the log level. */
  log(level: LogLevel, text: string): void;
  /** Masks these values in all later output, since a server may echo them. */
  redact(values: readonly string[]): void;
  /** The values passed to {@link Output.redact}. */
  secrets(): readonly string[];
  /** Whether messages of this level are shown. */
  shows(level: LogLevel): boolean;
  /** For tables on stdout: its colors, and the width of its terminal. */
  layout(): Layout;
  /** Whether stderr is a terminal and shows progress. */
  readonly hasLiveLines: boolean;
  /** Starts one or more lines that are rewritten in place; `undefined` without {@link Output.hasLiveLines}. */
  live(clock: Clock, render: (columns: number, rows: number) => string): LiveLine | undefined;
}

export function createOutput(
  { stdout, stderr }: Context,
  { mode, level, color, isDumb = false, formatDocument = formatJson, secrets = [], reporter, wrap }: OutputOptions,
): Output {
  let live: LiveLine | undefined;
  let eventsFailure: OutputFailed | undefined;
  let redact = createRedactor(secrets);
  const shows = (messageLevel: LogLevel) => LOG_LEVELS.indexOf(messageLevel) >= LOG_LEVELS.indexOf(level);
  const write = (
    writer: TextWriter,
    text: string,
    escape: (text: string) => string = (text) => text,
    fit: (text: string) => string = (text) => text,
  ) => {
    // The live line is cleared, and drawn again below the text.
    live?.hide();
    // Escaping changes a secret, and what was escaped before is changed already.
    const redacted = redact(text);
    const escaped = escape(redacted);
    writer.write(fit(escaped === redacted ? redacted : redact(escaped)));
    live?.draw();
  };
  const hasLiveLines = stderr.isTerminal && !isDumb && shows("INFO");
  const isColorful = ({ isTerminal }: TextWriter) => color === "always" || (color === "auto" && isTerminal);
  const isColored = { answer: isColorful(stdout), interactive: isColorful(stderr) };
  const answerStyle = styleFor(isColored.answer);
  const lines = (writer: TextWriter, text: string, isColored: boolean) => {
    const fit = (text: string) => wrap !== undefined && writer.isTerminal ? wrap(text, writer.columns()) : text;
    write(writer, `${text}\n`, (text) => escaped(text, isColored), fit);
  };
  const log = (messageLevel: LogLevel, text: string) => {
    if (shows(messageLevel)) lines(stderr, text, isColored.interactive);
  };
  return {
    mode,
    reporter,
    answerStyle,
    style: styleFor(isColored.interactive),
    shows,
    layout: () => ({ style: answerStyle, columns: stdout.isTerminal ? stdout.columns() : Infinity }),
    hasLiveLines,
    secrets: () => secrets,
    redact(values) {
      secrets.push(...values);
      redact = createRedactor(secrets);
    },
    answer: (text) => lines(stdout, text, isColored.answer),
    raw: (text) => write(stdout, text, escapeControlCharacters),
    mayColorLogs: isColored.answer,
    logText: (text) => write(stdout, text, (text) => escapedExcept(SGR_SEQUENCE, text, isColored.answer)),
    document(value) {
      const text = formatDocument(value);
      // JSON is YAML too, and escapes control characters without changing the value.
      write(stdout, escapeControlCharacters(text) === text ? text : formatJson(value), escapeJson);
    },
    event(value) {
      // After a line that may be cut short, further lines could not be read.
      if (eventsFailure !== undefined) return;
      try {
        write(stdout, `${JSON.stringify(value)}\n`, escapeJson);
      } catch (error) {
        if (!(error instanceof OutputFailed)) throw error;
        eventsFailure = error;
        log("WARNING", `${error.message}; continuing without events`);
      }
    },
    checkEvents() {
      if (eventsFailure !== undefined) throw eventsFailure;
    },
    log,
    live(clock, render) {
      if (!hasLiveLines) return undefined;
      const line = startLiveLine(
        stderr,
        clock,
        (columns, rows) => escaped(render(columns, rows), isColored.interactive),
      );
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

function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The last line of defense against terminal escapes: only our own colors pass, and only if colors are on. */
function escaped(text: string, isColored: boolean): string {
  return escapedExcept(STYLE_SEQUENCE, text, isColored);
}

/** @param sequence Has one group around all of it. */
function escapedExcept(sequence: RegExp, text: string, isColored: boolean): string {
  if (!isColored) return escapeControlCharacters(text);
  return text.split(sequence).map((part, index) => index % 2 === 1 ? part : escapeControlCharacters(part)).join(
    "",
  );
}
