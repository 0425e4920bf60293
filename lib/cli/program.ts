/** Runs a command line and returns its exit code. */

import { UsageError } from "../errors.ts";
import { LOG_LEVELS, type LogLevel } from "../log.ts";
import type { Command } from "./command.ts";
import { COMMAND_GROUPS } from "./commands.ts";
import { type Context, Stopped } from "./context.ts";
import { didYouMean } from "../did_you_mean.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { failureDocument, renderFailure, reportOf } from "./failure_report.ts";
import type { Reporter } from "./github_report.ts";
import { createOutput, type Output, type OutputMode } from "./output.ts";
import { withDotenv } from "./settings.ts";
import { stoppableReads } from "./stoppable_reads.ts";

/** The hidden command that the shells' completion scripts call. */
async function completeLine(context: Context): Promise<number> {
  const { completeCommandLine } = await import("./completion/complete.ts");
  return await completeCommandLine(context, COMMAND_GROUPS.flatMap(({ commands }) => [...commands]));
}

async function runInteractive(context: Context): Promise<number> {
  const { interactive } = await import("./commands/interactive.ts");
  const withEnv = await withDotenv(context);
  return await interactive(withEnv, outputFor(withEnv, { level: levelOf(withEnv), secrets: [] }));
}

/** Common options with a value, which could be mistaken for the command's name when they come first. */
const COMMON_WITH_VALUE = ["--context", "--allow-host", "--cacert", "--log-level"];

/** Runs one command line. Never throws; returns the exit code. */
export async function runCommandLine(context: Context): Promise<number> {
  let output: Output | undefined;
  const secrets: string[] = [];
  try {
    const reporter = await openReport(context);
    const shared = { secrets, reporter };
    output = outputFor(context, { level: "INFO", ...shared });
    return await dispatch(context, { output, shared });
  } catch (error) {
    return reportFailure(context, output, error);
  } finally {
    if (output?.reporter !== undefined) writeReport(output.reporter, { output, secrets });
  }
}

/** A report that cannot be written does not change the result. */
function writeReport(
  reporter: Reporter,
  { output, secrets }: { readonly output: Output; readonly secrets: readonly string[] },
): void {
  try {
    reporter.write(secrets);
  } catch (error) {
    output.log("ERROR", `Cannot write the report: ${reportOf(error).message}`);
  }
}

/** Before anything is parsed, so that a usage error is reported too. */
async function openReport(context: Context): Promise<Reporter | undefined> {
  if (valueOf(context.args, "--report") !== "github") return undefined;
  const { startGithubReport } = await import("./github_report.ts");
  return startGithubReport(context);
}

/** What all outputs of an invocation share. */
interface Shared {
  readonly secrets: string[];
  readonly reporter?: Reporter | undefined;
}

async function dispatch(
  context: Context,
  { output, shared }: { readonly output: Output; readonly shared: Shared },
): Promise<number> {
  const { name, argv } = splitCommand(context.args);
  if (name === "__complete") return await completeLine(context);
  const isHelpRequested = hasSwitch(argv, "--help", "-h");
  if (name === undefined || name === "help") {
    const [topic] = argv.filter((arg) => !arg.startsWith("-"));
    if (topic !== undefined) return await showHelp(output, topic);
    if (name === undefined && argv.length === 1 && hasSwitch(argv, "--version", "-V")) {
      return showVersion(context, output);
    }
    if (name === undefined && argv.length > 0 && !isHelpRequested) throw noCommand(argv);
    const { renderOverview } = await import("./help.ts");
    if (name === "help" || isHelpRequested) {
      output.answer(renderOverview(COMMAND_GROUPS, output.answerStyle));
      return EXIT_CODES.completed;
    }
    if (argv.length === 0 && context.stdin.isTerminal && context.stderr.isTerminal) {
      return await runInteractive(context);
    }
    // There is no command and no terminal for interactive mode: a usage error.
    output.log("ERROR", renderOverview(COMMAND_GROUPS, output.style));
    return EXIT_CODES.usage;
  }
  if (isHelpRequested) return await showHelp(output, name);
  return await start(context, await commandNamed(name), { argv, shared });
}

async function start(
  context: Context,
  command: Command,
  { argv, shared }: { readonly argv: readonly string[]; readonly shared: Shared },
): Promise<number> {
  const execute = command.prepare(argv);
  const stopping = new AbortController();
  using _listening = context.onSignal((signal) => stopping.abort(new Stopped(signal)));
  const reads = stoppableReads(context, stopping.signal);
  const executeWithEnv = async () => {
    const withEnv = await withDotenv(reads.context);
    const output = outputFor(withEnv, { level: levelOf(withEnv), ...shared });
    return await execute({ context: withEnv, output, signal: stopping.signal });
  };
  return await Promise.race([executeWithEnv(), reads.stopped]);
}

/** Common options may come before the command: `--log-level DEBUG list` equals `list --log-level DEBUG`. */
function splitCommand(args: readonly string[]): { name: string | undefined; argv: string[] } {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (COMMON_WITH_VALUE.includes(arg)) index++;
    else if (!arg.startsWith("-")) return { name: arg, argv: args.toSpliced(index, 1) };
  }
  return { name: undefined, argv: [...args] };
}

async function commandNamed(name: string): Promise<Command> {
  const entries = COMMAND_GROUPS.flatMap(({ commands }) => [...commands]);
  const entry = entries.find((command) => command.name === name);
  if (entry !== undefined) return await entry.load();
  throw new UsageError(`Unknown command ${name}`, {
    hint: didYouMean(name, entries.map((command) => command.name)) ??
      "Run `pw-workflow-runner help` to list the commands",
  });
}

function noCommand(argv: readonly string[]): UsageError {
  return new UsageError(`Missing command: ${argv.join(" ")} has only options`, {
    hint: "Run `pw-workflow-runner help` to list the commands",
  });
}

async function showHelp(output: Output, name: string): Promise<number> {
  const { renderHelp } = await import("./help.ts");
  output.answer(renderHelp(await commandNamed(name), output.answerStyle));
  return EXIT_CODES.completed;
}

function showVersion({ versionLine }: Context, output: Output): number {
  output.answer(versionLine);
  return EXIT_CODES.completed;
}

function outputFor(context: Context, shared: Shared & { readonly level: LogLevel }): Output {
  const { args } = context;
  const mode: OutputMode = hasSwitch(args, "--events") ? "events" : hasSwitch(args, "--json") ? "json" : "text";
  const mayColor = !hasSwitch(args, "--no-color") && (context.env("NO_COLOR") ?? "") === "";
  return createOutput(context, { mode, mayColor, ...shared });
}

/** A bad value on the command line was refused earlier; a bad value in the environment is ignored. */
function levelOf({ args, env }: Context): LogLevel {
  const name = (valueOf(args, "--log-level") ?? env("PW_LOG_LEVEL") ?? "").toUpperCase();
  return LOG_LEVELS.find((level) => level === name) ?? "INFO";
}

function reportFailure(context: Context, output: Output | undefined, error: unknown): number {
  const report = reportOf(error);
  if (report.isSilent) return report.exitCode;
  try {
    // If even the output could not be created, the context itself is broken.
    const reporter = output ?? createOutput(context, { mode: "text", level: "INFO", mayColor: false });
    if (reporter.mode === "json") reporter.document(failureDocument(report));
    if (reporter.mode === "events") reporter.event({ v: 1, type: "error", ...failureDocument(report) });
    reporter.log("ERROR", renderFailure(report, reporter.style));
    output?.reporter?.end({ type: "error", error: report }, report.exitCode);
    const isDebugging = report.kind === "defect" && levelOf(context) === "DEBUG";
    if (isDebugging && error instanceof Error) reporter.log("ERROR", error.stack ?? "");
  } catch {
    // The reader is gone, or the context itself is broken: the exit code still reports the error.
  }
  return report.exitCode;
}

function hasSwitch(args: readonly string[], ...names: readonly string[]): boolean {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  return args.slice(0, end).some((arg) => names.includes(arg));
}

function valueOf(args: readonly string[], name: string): string | undefined {
  const inline = args.findLast((arg) => arg.startsWith(`${name}=`));
  if (inline !== undefined) return inline.slice(name.length + 1);
  const index = args.lastIndexOf(name);
  return index === -1 ? undefined : args[index + 1];
}
