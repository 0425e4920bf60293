/** How a failed command is reported, with the same facts as text and as JSON. Pure. */

import { InvalidInputs, Rejected, RunnerError } from "../errors.ts";
import { type Problem, problemLine } from "../problem.ts";
import type { ReportError } from "../reports/report.ts";
import { osErrorReason } from "../os_error.ts";
import { LocalFailure, OutputFailed, PipeClosed, Stopped } from "./context.ts";
import {
  EXIT_CODE_OF_CLOSED_PIPE,
  EXIT_CODE_OF_DEFECT,
  EXIT_CODES,
  EXIT_CODES_OF_SIGNALS,
  type ExitCode,
} from "./exit_codes.ts";
import { escapeControlCharacters, oneLine } from "../escape.ts";
import { cleanLog } from "../log_text.ts";
import type { Style } from "./terminal/style.ts";

export interface FailureReport extends ReportError {
  readonly exitCode: ExitCode;
  /** Of inputs that were refused for other reasons. */
  readonly warnings: readonly Problem[];
}

export function reportOf(error: unknown): FailureReport {
  const common = { hint: undefined, problems: [], warnings: [], submitted: "no" } as const;
  if (error instanceof RunnerError) {
    const problems = error instanceof InvalidInputs || error instanceof Rejected ? error.problems : [];
    const warnings = error instanceof InvalidInputs ? error.warnings : [];
    const { kind, message, commandHint: hint, submitted } = error;
    return { ...common, exitCode: EXIT_CODES[kind], kind, message, hint, problems, warnings, submitted };
  }
  if (error instanceof PipeClosed) {
    return { ...common, exitCode: EXIT_CODE_OF_CLOSED_PIPE, kind: "pipe_closed", message: error.message };
  }
  if (error instanceof Stopped) {
    const exitCode = EXIT_CODES_OF_SIGNALS[error.signal];
    return { ...common, exitCode, kind: "stopped", message: error.message, ...error.wait };
  }
  if (error instanceof LocalFailure) {
    const { message, hint, submitted } = error;
    return { ...common, exitCode: EXIT_CODES.connection_lost, kind: "machine_failed", message, hint, submitted };
  }
  const denied = missingPermission(error);
  if (denied !== undefined) return { ...common, exitCode: EXIT_CODES.usage, kind: "usage", ...denied };
  const failure = machineFailure(error);
  if (failure !== undefined) return { ...common, exitCode: EXIT_CODES.storage, kind: "machine_failed", ...failure };
  const defect = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    ...common,
    exitCode: EXIT_CODE_OF_DEFECT,
    kind: "defect",
    message: `Internal error in pw-workflow-runner: ${defect}`,
    hint: "Please report it, with the command and its output with --log-level DEBUG",
    submitted: "unknown",
  };
}

/** The message, one line per problem or warning, and the hint. */
export async function renderFailure(
  { message, hint, problems, warnings }: FailureReport,
  style: Style,
): Promise<string> {
  return [
    `${style.red("✗")} ${indented(message)}`,
    ...(problems.length === 0 ? [] : [(await renderProblems(problems)).replace(/^/gm, "  ")]),
    ...(warnings.length === 0 ? [] : [(await renderWarnings(warnings, style)).replace(/^/gm, "  ")]),
    ...(hint === undefined ? [] : [`  ${style.dim(indented(hint))}`]),
  ].join("\n");
}

/** A line each. */
export async function renderWarnings(warnings: readonly Problem[], style: Style): Promise<string> {
  return (await renderAligned(warnings)).replace(/^/gm, () => `${style.yellow("!")} `);
}

/** Aligned, or each with its line of the file, if that is known. */
async function renderProblems(problems: readonly Problem[]): Promise<string> {
  if (problems.some(({ excerpt }) => excerpt !== undefined)) {
    const { textWidth } = await import("./terminal/text_width.ts");
    return problems.map((problem) => renderWithExcerpt(problem, textWidth)).join("\n");
  }
  return await renderAligned(problems);
}

/** Without the columns that are empty everywhere. */
async function renderAligned(problems: readonly Problem[]): Promise<string> {
  const { renderTable } = await import("./terminal/table.ts");
  const rows = problems.map(({ origin, path, message }) => [origin, path, message]);
  return renderTable(rows, { columns: Infinity, headings: 0 });
}

/** Of a long line, such as a file of JSON in one, only what is around the problem. */
function renderWithExcerpt(problem: Problem, textWidth: (text: string) => number): string {
  if (problem.excerpt === undefined) return problemLine(problem);
  const { line, column, length } = problem.excerpt;
  const start = Math.max(0, column - 61);
  const indent = " ".repeat(textWidth(oneLine(line.slice(start, column - 1))));
  const caret = "^".repeat(Math.min(length, start + 101 - column));
  return `${problemLine(problem)}\n    ${oneLine(line.slice(start, start + 100))}\n    ${indent}${caret}`;
}

/** A message from a server may have several lines. Indentation keeps them apart from our own lines. */
function indented(text: string): string {
  return escapeControlCharacters(text).replaceAll("\n", "\n  ");
}

export function failureDocument({ exitCode, kind, message, hint, problems, warnings, submitted }: FailureReport) {
  return {
    error: {
      kind,
      message,
      hint: hint ?? null,
      ...(problems.length === 0 ? {} : { problems }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
    exitCode,
    kind,
    submitted,
  };
}

/** Reads the missing flag from Deno's message. A denied import is a plain TypeError with the same message. */
function missingPermission(error: unknown): { message: string; hint: string } | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const [, what, flag] = /^Requires (.+), run again with the (--[a-z-]+) flag/.exec(cause.message) ?? [];
    if (!(cause instanceof Deno.errors.NotCapable) && flag === undefined) continue;
    return {
      message: `Cannot continue: the program was started without ${what ?? "a permission that it needs"}`,
      hint: `Run it with \`deno run ${flag ?? "-A"} …\``,
    };
  }
  return undefined;
}

/** What the system or the package registry refused; `undefined` for a defect of this program. */
export function machineFailure(error: unknown): { message: string; hint: string } | undefined {
  if (error instanceof OutputFailed) {
    return { message: error.message, hint: "Free disk space, or send the output elsewhere" };
  }
  if (error instanceof TypeError && UNLOADED.test(error.message)) {
    const [line] = cleanLog(error.message).split("\n");
    return {
      message: `Cannot load a part of the program: ${line}`,
      hint: "Packages are downloaded once: check the network, HTTPS_PROXY, and that DENO_DIR can be written",
    };
  }
  const reason = osErrorReason(error);
  if (reason === undefined || !(error instanceof Error)) return undefined;
  const [, operation] = /\(os error \d+\): (.+)/.exec(error.message) ?? [];
  return {
    message: `Cannot continue: ${reason}${operation === undefined ? "" : ` (${operation})`}`,
    hint: "Fix it on this machine, then try again",
  };
}

/** How Deno reports a package or module that it can neither download nor store. */
const UNLOADED =
  /^(Failed loading|Failed caching|Could not find npm package|Could not resolve 'npm:|npm package '|Import '?https?:|Module not found "https?:|error sending request)/;
