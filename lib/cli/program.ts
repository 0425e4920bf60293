/** Runs a command line and returns its exit code. */

import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import { LOG_LEVELS, type LogLevel } from "../log.ts";
import { flag, kebabOptionName, option, readArgv, scanWords } from "./argv.ts";
import { COMMON_OPTIONS, EVENTS_OPTION, type Invocation, JSON_OPTION, splitCommand } from "./command.ts";
import { type CommandEntry, COMMANDS, findCommand } from "./commands.ts";
import { canPrompt } from "./confirm.ts";
import { type Context, OutputFailed, PipeClosed, Stopped } from "./context.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { failureDocument, type FailureReport, renderFailure, reportOf } from "./failure_report.ts";
import { createOutput, type Output, type OutputOptions } from "./output.ts";
import { settingName, withDotenv } from "./settings.ts";
import { colorMode, isDumb } from "./terminal/style.ts";
import { stoppableReads } from "./stoppable_reads.ts";

/** Runs one command line. Never throws; returns the exit code. */
export async function runCommandLine(context: Context): Promise<number> {
  let output: Output | undefined;
  try {
    const parts = { secrets: [], line: scanLine(context) };
    // Before the report, whose errors have the format that was asked for, too.
    output = await outputFor(context, { level: "INFO", ...parts });
    const shared: Shared = { ...parts, reporter: await openReport(context, parts.line) };
    if (shared.reporter !== undefined) output = await outputFor(context, { level: "INFO", ...shared });
    return await dispatch(context, output, shared);
  } catch (error) {
    return await reportFailure(context, output, error);
  } finally {
    if (output !== undefined) writeReport(output);
  }
}

/** A report that cannot be written does not change the result. */
function writeReport({ reporter, secrets, log }: Output): void {
  try {
    reporter?.write(secrets());
  } catch (error) {
    const reason = reportOf(error).message.replace(/^Cannot write a report for GitHub: /, "");
    log("ERROR", `Cannot write the report: ${reason}`);
  }
}

/** Before anything is parsed, so that a usage error is reported too. */
async function openReport(context: Context, { name, options }: Line) {
  if (!options.some(({ key, value }) => key === "report" && value === "github")) return undefined;
  const reporter = (await import("./reporter.ts")).openReporter(context);
  if (name !== undefined) reporter.start(name);
  return reporter;
}

const VERSION_OPTION = { version: flag("Show the version", "V") };

/** What is read before the command is known. The command refuses unknown options and bad values. */
const GLOBAL_OPTIONS = {
  ...COMMON_OPTIONS,
  ...JSON_OPTION,
  ...EVENTS_OPTION,
  report: option("FORMAT", ""),
  ...VERSION_OPTION,
};

/** The command, its own words, and the global options: in their order, and the values by name, which are empty for flags. */
function scanLine({ args }: Context) {
  const { name, argv } = splitCommand(args);
  const { options } = scanWords(GLOBAL_OPTIONS, args);
  // The option `--output` of these names a file.
  const global = ["inputs", "files"].includes(name ?? "") ? options.filter(({ key }) => key !== "output") : options;
  return { name, argv, options: global, given: new Map(global.map(({ key, value = "" }) => [key, value])) };
}

type Line = ReturnType<typeof scanLine>;

/** What all outputs of an invocation share. */
type Shared = Pick<OutputOptions, "secrets" | "reporter"> & { readonly line: Line };

async function dispatch(context: Context, output: Output, shared: Shared): Promise<number> {
  const { name, argv, given } = shared.line;
  if (name === "__complete") {
    const { completeCommandLine } = await import("./completion/complete.ts");
    return await completeCommandLine(context);
  }
  refuseTwoFormats(given);
  const isHelpRequested = given.has("help");
  const isVersionRequested = name === "version" || (name === undefined && given.has("version"));
  if (isVersionRequested && !isHelpRequested) {
    readArgv("version", { ...COMMON_OPTIONS, ...VERSION_OPTION }, argv, "pw-workflow-runner");
    output.answer(context.versionLine);
    return EXIT_CODES.completed;
  }
  if (name !== undefined && name !== "help") {
    const entry = entryNamed(name, { others: ["help", "version"], hint: misplacedOptionHint(context.args) });
    if (isHelpRequested) return await showHelp(context, output, name);
    return await start(context, shared, async () => (await entry.load()).prepare(entry.name, argv));
  }
  const { name: topic } = splitCommand(argv);
  if (name === "help" || isHelpRequested) return await showHelp(context, output, topic);
  if (argv.length > 0) {
    readArgv("", GLOBAL_OPTIONS, argv, "pw-workflow-runner");
    throw new UsageError("Missing command", { hint: LIST_HINT });
  }
  if (canPrompt(context)) {
    return await start(context, shared, async () => (await import("./commands/interactive.ts")).interactive);
  }
  // There is no command and no terminal for interactive mode: a usage error.
  const { renderOverview } = await import("./help.ts");
  output.log("ERROR", renderOverview({ style: output.style, columns: context.stderr.columns() }));
  return EXIT_CODES.usage;
}

function refuseTwoFormats(given: ReadonlyMap<string, string>): void {
  const output = given.get("output");
  const formats = ["events", "json"].filter((key) => given.has(key)).map(kebabOptionName);
  if (output !== undefined) formats.push(`--output ${output}`);
  const isSame = !given.has("events") && output === "json";
  if (formats.length > 1 && !isSame) throw new UsageError(`Cannot use ${formats[0]} together with ${formats[1]}`);
}

const LIST_HINT = "Run `pw-workflow-runner help` to list the commands";

function entryNamed(
  name: string,
  { others = [], hint }: { readonly others?: readonly string[]; readonly hint?: string | undefined } = {},
): CommandEntry {
  const entry = findCommand(name);
  if (entry !== undefined) return entry;
  const similar = didYouMean(name, [...COMMANDS.map((command) => command.name), ...others]);
  const hints = [hint, similar].filter((line) => line !== undefined);
  throw new UsageError(`Unknown command ${name}`, { hint: hints.length === 0 ? LIST_HINT : hints.join("\n") });
}

/** For an option of a command that is written before the command: its value was read as the command. */
function misplacedOptionHint(args: readonly string[]): string | undefined {
  const [{ text, index } = { text: "", index: 0 }] = scanWords(COMMON_OPTIONS, args).positionals;
  const written = args[index - 1] ?? "";
  const { options, pendingOption } = scanWords(GLOBAL_OPTIONS, [written]);
  const isFlag = options.length > 0 && pendingOption === undefined;
  return !/^-./.test(written) || isFlag
    ? undefined
    : `Options of a command go after it: \`pw-workflow-runner COMMAND ${written} ${text}\``;
}

async function start(
  context: Context,
  shared: Shared,
  load: () => Promise<(invocation: Omit<Invocation, "values">) => Promise<number>>,
): Promise<number> {
  const stopping = new AbortController();
  using _listening = context.onSignal((signal) => stopping.abort(new Stopped(signal)));
  const reads = stoppableReads(context, stopping.signal);
  const executeWithEnv = async () => {
    // Read while the command loads.
    const reading = withDotenv(reads.context);
    reading.catch(() => {}); // Not awaited after a usage error.
    const execute = await load();
    const withEnv = await reading;
    const output = await outputFor(withEnv, { level: levelOf(withEnv, shared.line), ...shared });
    return await execute({ context: withEnv, output, signal: stopping.signal });
  };
  return await Promise.race([executeWithEnv(), reads.stopped]);
}

/** @param subject A command or topic; `undefined` for the overview. */
async function showHelp(context: Context, output: Output, subject: string | undefined): Promise<number> {
  const { HELP_TOPICS, renderHelp, renderOverview, renderTopic } = await import("./help.ts");
  const layout = { style: output.answerStyle, columns: context.stdout.columns() };
  const topic = HELP_TOPICS.find(({ name }) => name === subject);
  if (subject === undefined) output.answer(renderOverview(layout));
  else if (topic !== undefined) output.answer(renderTopic(topic, layout));
  else {
    const entry = entryNamed(subject, { others: HELP_TOPICS.map(({ name }) => name) });
    output.answer(renderHelp(entry, await entry.load(), layout));
  }
  return EXIT_CODES.completed;
}

async function outputFor(context: Context, { line: { given }, ...shared }: Shared & { readonly level: LogLevel }) {
  const isYaml = given.get("output") === "yaml";
  const isDocument = given.has("json") || given.get("output") === "json" || isYaml;
  const mode = given.has("events") ? "events" : isDocument ? "json" : "text";
  const color = given.has("noColor") ? "never" : colorMode(context.env);
  const formatDocument = isYaml ? (await import("./yaml_document.ts")).formatYaml : undefined;
  const isTerminal = context.stdout.isTerminal || context.stderr.isTerminal;
  const fitting = isTerminal ? await import("./terminal/wrap.ts") : undefined;
  const isFixed = isDumb(context.env) || (context.stderr.isTerminal && context.isInBackground?.() === true);
  return createOutput(context, { mode, color, isDumb: isFixed, formatDocument, fitting, ...shared });
}

/** @throws UsageError for a bad value in the environment; one on the command line was refused earlier. */
function levelOf(context: Context, line: Line): LogLevel {
  const name = levelName(context, line);
  const level = LOG_LEVELS.find((level) => level === name);
  if (level !== undefined) return level;
  // It reports bad settings itself.
  if (line.name === "doctor") return "INFO";
  // Not quoted, because a user who mixed up two variables may have put the key there.
  throw new UsageError(`Cannot use ${settingName(context, "PW_LOG_LEVEL")}: it is not one of ${LOG_LEVELS.join(", ")}`);
}

function levelName(context: Context, { options }: Line): string {
  const names = options.flatMap(({ key, value = "" }) =>
    key === "verbose" ? ["DEBUG"] : key === "quiet" ? ["WARNING"] : key === "logLevel" ? [value] : []
  );
  return (names.at(-1) ?? context.env("PW_LOG_LEVEL")?.trim() ?? "").toUpperCase() || "INFO";
}

async function reportFailure(context: Context, output: Output | undefined, error: unknown): Promise<number> {
  const report = reportOf(error);
  // There is no reader to report to.
  if (error instanceof PipeClosed) return report.exitCode;
  try {
    // The terminal has shown ^C, which only a live line replaces: that of a run.
    const isInterrupted = error instanceof Stopped && error.signal === "SIGINT" && error.wait === null;
    if (isInterrupted && context.stderr.isTerminal) context.stderr.write("\n");
    // If even the output could not be created, the context itself is broken.
    const reporter = output ?? createOutput(context, { mode: "text", level: "INFO", color: "never" });
    // After an answer that may be cut short, another one could not be read.
    const isCut = error instanceof Error && [error, error.cause].some((one) => one instanceof OutputFailed);
    if (!isCut) answerFailure(reporter, report);
    reporter.log("ERROR", await renderFailure(report, reporter.style));
    output?.reporter?.end({ type: "error", error: report }, report.exitCode);
    const isDebugging = report.kind === "defect" && levelName(context, scanLine(context)) === "DEBUG";
    if (isDebugging && error instanceof Error) reporter.log("ERROR", error.stack ?? "");
  } catch {
    // The reader is gone, or the context itself is broken: the exit code still reports the error.
  }
  return report.exitCode;
}

/** If stdout cannot be written, the report on stderr has to do. */
function answerFailure(output: Output, report: FailureReport): void {
  try {
    if (output.mode === "json") output.document(failureDocument(report));
    if (output.mode === "events") output.event({ v: 1, type: "error", ...failureDocument(report) });
  } catch (error) {
    if (!(error instanceof OutputFailed || error instanceof PipeClosed)) throw error;
  }
}
