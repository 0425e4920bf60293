/** The only place that writes: answers go to stdout, messages to stderr. */

import type { Clock } from "../clock.ts";
import { orError } from "../errors.ts";
import { LOG_LEVELS, type LogLevel } from "../log.ts";
import { type Context, LocalFailure, OutputFailed, type TextWriter } from "./context.ts";
import { createRedactor, redactJson } from "../redact.ts";
import type { Submitted } from "../result.ts";
import type { Reporter } from "./reporter.ts";
import { type LiveLine, startLiveLine } from "./terminal/live_line.ts";
import { escapeControlCharacters, escapeJson, escapeWorkflowCommands } from "../escape.ts";
import { SGR_SEQUENCE } from "../log_text.ts";
import { type ColorMode, type Layout, STYLE_SEQUENCE, styleFor } from "./terminal/style.ts";

/** Text for people, one JSON document, or JSON Lines as events happen. */
export type OutputMode = "text" | "json" | "events";

export interface OutputOptions {
  readonly mode: OutputMode;
  readonly level: LogLevel;
  readonly color: ColorMode;
  /** True if no line of the terminal can, or may, be rewritten. */
  readonly isDumb?: boolean;
  /** Formats a document; JSON by default. */
  readonly formatDocument?: ((value: unknown) => string) | undefined;
  /** The values to redact, shared by the outputs of one invocation. */
  readonly secrets?: string[];
  readonly reporter?: Reporter | undefined;
  /** Fits lines into a terminal; loaded only where there is one. */
  readonly fitting?: typeof import("./terminal/wrap.ts") | undefined;
}

/** Where a command writes. */
export type Output = Readonly<ReturnType<typeof createOutput>>;

export function createOutput(
  { stdout, stderr, env }: Context,
  { mode, level, color, isDumb = false, formatDocument = formatJson, secrets = [], reporter, fitting }: OutputOptions,
) {
  let live: LiveLine | undefined;
  let eventsFailure: OutputFailed | undefined;
  let redact = createRedactor(secrets);
  const shows = (messageLevel: LogLevel) => LOG_LEVELS.indexOf(messageLevel) >= LOG_LEVELS.indexOf(level);
  const put = (writer: TextWriter, text: string) => {
    // The live line is cleared, and drawn again below the text.
    live?.hide();
    writer.write(text);
    live?.draw();
  };
  // What is quoted of logs and errors may look like a command to the runner.
  const inert = env("GITHUB_ACTIONS") === "true" ? escapeWorkflowCommands : (text: string) => text;
  const write = (
    writer: TextWriter,
    text: string,
    escape: (text: string) => string,
    fit: (text: string) => string = (text) => text,
  ) => {
    // Escaping changes a secret, and what was escaped before is changed already.
    const redacted = redact(text);
    const escaped = escape(redacted);
    put(writer, fit(escaped === redacted ? redacted : redact(escaped)));
  };
  const hasLiveLines = stderr.isTerminal && !isDumb && shows("INFO");
  const isColorful = ({ isTerminal }: TextWriter) => color === "always" || (color === "auto" && isTerminal);
  const isColored = { answer: isColorful(stdout), interactive: isColorful(stderr) };
  const answerStyle = styleFor(isColored.answer);
  const lines = (writer: TextWriter, text: string, isColored: boolean) => {
    const fit = (text: string) =>
      fitting !== undefined && writer.isTerminal ? fitting.wrapLines(text, writer.columns()) : text;
    write(writer, `${text}\n`, (text) => inert(escaped(text, isColored)), fit);
  };
  const log = (messageLevel: LogLevel, text: string) => {
    if (shows(messageLevel)) lines(stderr, text, isColored.interactive);
  };
  const answer = (text: string) => lines(stdout, text, isColored.answer);
  const document = (value: unknown) => {
    const shown = redactJson(value, redact);
    const text = formatDocument(shown);
    // JSON is YAML too, and escapes control characters without changing the value.
    put(stdout, inert(escapeControlCharacters(text)) === text ? text : escapeJson(formatJson(shown)));
  };
  return {
    mode,
    /** Receives what a report contains; `undefined` if none was asked for. */
    reporter,
    /** Colors for stdout. */
    answerStyle,
    /** Colors for stderr. */
    style: styleFor(isColored.interactive),
    shows,
    /** For tables on stdout: its colors, and the width of its terminal. */
    layout: (): Layout => ({ style: answerStyle, columns: stdout.isTerminal ? stdout.columns() : Infinity }),
    /** Whether stderr is a terminal and shows progress. */
    hasLiveLines,
    secrets: (): readonly string[] => secrets,
    /** Masks these values in all later output, since a server may echo them. */
    redact(values: readonly string[]): void {
      secrets.push(...values);
      redact = createRedactor(secrets);
    },
    /** Writes one or more lines to stdout, wrapped to its terminal. */
    answer,
    /** Writes text to stdout unchanged, such as a file's content or what is to be copied; only control characters are escaped. */
    raw: (text: string) => write(stdout, text, escapeControlCharacters),
    mayColorPrompts: isColored.interactive,
    /** Whether logs keep their colors on stdout. */
    mayColorLogs: isColored.answer,
    /** Writes part of a log to stdout: like `raw`, but colors stay where they may. */
    logText: (text: string) => write(stdout, text, (text) => escaped(text, isColored.answer, SGR_SEQUENCE)),
    /** Writes one document to stdout: JSON, or another format that was asked for. */
    document,
    /**
     * Writes an answer as text, which may be empty, or as a document with the same facts: what events showed needs neither.
     * Returns its exit code.
     *
     * @param runs That exist. If what became of them cannot be written, a LocalFailure names them.
     */
    result<Document extends { readonly exitCode: number }>(
      value: Document,
      toText: () => string,
      runs?: { readonly states?: string; readonly hint: string; readonly submitted: Submitted },
    ): Document["exitCode"] {
      try {
        if (eventsFailure !== undefined) throw eventsFailure;
        const text = mode === "text" ? toText() : "";
        if (text !== "") answer(text);
        if (mode === "json") document(value);
        return value.exitCode;
      } catch (error) {
        if (runs === undefined || !(error instanceof OutputFailed)) throw error;
        const message = [error.message, runs.states].filter(Boolean).join("\n");
        throw new LocalFailure(message, { ...runs, cause: error });
      }
    },
    /** Writes one line of JSON Lines to stdout. The first that cannot be written is the last: `result` throws then. */
    event(value: unknown): void {
      // After a line that may be cut short, further lines could not be read.
      if (eventsFailure !== undefined) return;
      const line = `${escapeJson(JSON.stringify(redactJson(value, redact)))}\n`;
      const failure = orError(OutputFailed, () => put(stdout, line));
      if (failure === undefined) return;
      eventsFailure = failure;
      log("WARNING", `${failure.message}; continuing without events`);
    },
    /** Writes a message to stderr, wrapped to its terminal, unless it is below the log level. */
    log,
    /** Starts one or more lines that are rewritten in place; `undefined` without `hasLiveLines`. */
    live(clock: Clock, render: (columns: number, rows: number) => string): LiveLine | undefined {
      if (!hasLiveLines) return undefined;
      live = startLiveLine(stderr, clock, (columns, rows) => {
        const lines = escaped(render(columns, rows), isColored.interactive).split("\n");
        return lines.map((line) => fitting?.fitStyledToWidth(line, columns) ?? line).join("\n");
      }, fitting?.rowsOf);
      return live;
    },
  };
}

function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * The last line of defense against terminal escapes: only our own colors pass, or those of a log, and only if colors are on.
 *
 * @param sequence Has one group around all of it.
 */
function escaped(text: string, isColored: boolean, sequence = STYLE_SEQUENCE): string {
  if (!isColored) return escapeControlCharacters(text);
  const parts = text.split(sequence);
  return parts.map((part, index) => index % 2 === 1 ? part : escapeControlCharacters(part)).join("");
}
