/** The way from the words of the command line to an exit code. */

import { UsageError } from "../errors.ts";
import { LOG_LEVELS, type LogLevel } from "../log.ts";
import type { Command } from "./command.ts";
import { GROUPS } from "./commands.ts";
import { type Context, Stopped } from "./context.ts";
import { didYouMean } from "../did_you_mean.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { failureDocument, renderFailure, reportOf } from "./failure_report.ts";
import { createOutput, type Output, type OutputMode } from "./output.ts";
import { withDotenv } from "./settings.ts";

/** What the shells' scripts call: no command for people, and in no list. */
async function completeLine(context: Context): Promise<number> {
  const { complete } = await import("./completion/complete.ts");
  return await complete(context, GROUPS.flatMap(({ commands }) => [...commands]));
}

async function runInteractive(context: Context): Promise<number> {
  const { interactive } = await import("./commands/interactive.ts");
  const whole = await withDotenv(context);
  return await interactive(whole, outputFor(whole, { level: levelOf(whole), hidden: [] }));
}

/** Options whose value could be taken for a command's name when they stand before it. */
const COMMON_WITH_VALUE = ["--context", "--allow-host", "--cacert", "--log-level"];

/** Runs one command line. Never throws; answers with the exit code. */
export async function main(context: Context): Promise<number> {
  let output: Output | undefined;
  const hidden: string[] = [];
  try {
    output = outputFor(context, { level: "INFO", hidden });
    return await dispatch(context, { output, hidden });
  } catch (error) {
    return reportFailure(context, output, error);
  }
}

async function dispatch(
  context: Context,
  { output, hidden }: { readonly output: Output; readonly hidden: string[] },
): Promise<number> {
  const { name, argv } = splitCommand(context.args);
  if (name === "__complete") return await completeLine(context);
  const isHelpWanted = hasSwitch(argv, "--help", "-h");
  if (name === undefined || name === "help") {
    const [about] = argv.filter((word) => !word.startsWith("-"));
    if (about !== undefined) return await showHelp(output, about);
    if (name === undefined && argv.length === 1 && hasSwitch(argv, "--version", "-V")) {
      return showVersion(context, output);
    }
    if (name === undefined && argv.length > 0 && !isHelpWanted) throw noCommand(argv);
    const { renderOverview } = await import("./help.ts");
    if (name === "help" || isHelpWanted) {
      output.answer(renderOverview(GROUPS, output.answerStyle));
      return EXIT_CODES.completed;
    }
    if (argv.length === 0 && context.stdin.isTerminal && context.stderr.isTerminal) {
      return await runInteractive(context);
    }
    // Without a word, and with nobody to ask, this is no answer.
    output.say("ERROR", renderOverview(GROUPS, output.style));
    return EXIT_CODES.usage;
  }
  if (isHelpWanted) return await showHelp(output, name);
  return await start(context, await commandNamed(name), { argv, hidden });
}

async function start(
  context: Context,
  command: Command,
  { argv, hidden }: { readonly argv: readonly string[]; readonly hidden: string[] },
): Promise<number> {
  const go = command.prepare(argv);
  const stopping = new AbortController();
  using _listening = context.onSignal((signal) => stopping.abort(new Stopped(signal)));
  const whole = await withDotenv(context);
  return await go({
    context: whole,
    output: outputFor(whole, { level: levelOf(whole), hidden }),
    signal: stopping.signal,
  });
}

/** `--log-level DEBUG list` and `list --log-level DEBUG` are the same. */
function splitCommand(args: readonly string[]): { name: string | undefined; argv: string[] } {
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? "";
    if (COMMON_WITH_VALUE.includes(word)) index++;
    else if (!word.startsWith("-")) return { name: word, argv: args.toSpliced(index, 1) };
  }
  return { name: undefined, argv: [...args] };
}

async function commandNamed(name: string): Promise<Command> {
  const entries = GROUPS.flatMap(({ commands }) => [...commands]);
  const entry = entries.find((command) => command.name === name);
  if (entry !== undefined) return await entry.load();
  throw new UsageError(`Cannot run ${name}: there is no such command`, {
    hint: didYouMean(name, entries.map((command) => command.name)) ?? "`pw-workflow-runner help` lists the commands",
  });
}

function noCommand(argv: readonly string[]): UsageError {
  return new UsageError(`Cannot tell what to do: ${argv.join(" ")} names no command`, {
    hint: "`pw-workflow-runner help` lists the commands",
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

function outputFor(context: Context, shared: { readonly level: LogLevel; readonly hidden: string[] }): Output {
  const { args } = context;
  const mode: OutputMode = hasSwitch(args, "--events") ? "events" : hasSwitch(args, "--json") ? "json" : "text";
  const mayColor = !hasSwitch(args, "--no-color") && (context.env("NO_COLOR") ?? "") === "";
  return createOutput(context, { mode, mayColor, ...shared });
}

/** A wrong word on the command line has been refused; a wrong one in the environment must not stop anything. */
function levelOf({ args, env }: Context): LogLevel {
  const wanted = (valueOf(args, "--log-level") ?? env("PW_LOG_LEVEL") ?? "").toUpperCase();
  return LOG_LEVELS.find((level) => level === wanted) ?? "INFO";
}

function reportFailure(context: Context, output: Output | undefined, error: unknown): number {
  const report = reportOf(error);
  if (report.isSilent) return report.exitCode;
  try {
    // Where even the output could not be made, the context itself is broken.
    const speaker = output ?? createOutput(context, { mode: "text", level: "INFO", mayColor: false });
    if (speaker.mode === "json") speaker.document(failureDocument(report));
    if (speaker.mode === "events") speaker.event({ v: 1, type: "error", ...failureDocument(report) });
    speaker.say("ERROR", renderFailure(report, speaker.style));
    const isDebugging = report.kind === "defect" && levelOf(context) === "DEBUG";
    if (isDebugging && error instanceof Error) speaker.say("ERROR", error.stack ?? "");
  } catch {
    // Whoever listened is gone, or it is the context itself that is broken: the exit code still tells.
  }
  return report.exitCode;
}

function hasSwitch(args: readonly string[], ...names: readonly string[]): boolean {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  return args.slice(0, end).some((word) => names.includes(word));
}

function valueOf(args: readonly string[], name: string): string | undefined {
  const inline = args.findLast((word) => word.startsWith(`${name}=`));
  if (inline !== undefined) return inline.slice(name.length + 1);
  const index = args.lastIndexOf(name);
  return index === -1 ? undefined : args[index + 1];
}
