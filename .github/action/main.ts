/**
 * The action's own part: calls the program, shows what happens, and tells GitHub how it ended.
 *
 * It is no command of the program, because it needs what the program must not have: leave to start a process and to
 * write GitHub's files. What third parties wrote runs in the program alone, which has neither.
 */

import { systemClock } from "../../lib/clock.ts";
import { createOutput } from "../../lib/cli/output.ts";
import { verdict } from "../../lib/cli/tracking/run_lines.ts";
import { viewRun } from "../../lib/cli/tracking/run_view.ts";
import { escapeLog } from "../../lib/escape.ts";
import { systemContext } from "../../lib/cli/system_context.ts";
import { VERSION } from "../../lib/version.ts";
import type { RunEvent } from "../../lib/events.ts";
import {
  type EndDocument,
  type ErrorDocument,
  githubAnnotations,
  githubOutputs,
  githubSummary,
  outputLines,
  type ResultDocument,
  type RunFacts,
  workflowCommand,
} from "../../lib/reports/github.ts";
import { callProgram, findProgram, type Program } from "./program.ts";
import { BadSetting, readSettings, type Settings, stepExitCode } from "./settings.ts";

/** A line of `run --events`. */
type Line =
  | Exclude<RunEvent, { readonly type: "finished" }>
  | Extract<RunEvent, { readonly type: "finished" }> & { readonly result: ResultDocument }
  | { readonly type: "left"; readonly result: ResultDocument }
  | { readonly type: "error" } & ErrorDocument;

const EXIT_CODES = { usage: 2, credential_missing: 4, not_found: 5, defect: 70, cancelled: 130, stopped: 130 } as const;
/** Together shorter than the time between the first signal and the second. */
const CANCEL_TRIES = 4;
const CANCEL_PAUSE_MS = 1_500;

type FailureKind = keyof typeof EXIT_CODES;

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const key = variable("PW_API_KEY").trim();
  for (const line of key.split(/\s+/).filter(Boolean)) tell(workflowCommand("add-mask", {}, line));
  // Until this word comes again the runner takes no line for a command, whoever wrote it.
  const token = crypto.randomUUID();
  tell(workflowCommand("stop-commands", {}, token));
  const { end, facts, settings } = await carryOut(key);
  tell(`::${token}::`);
  for (const line of githubAnnotations(end, facts)) tell(line);
  report(end, facts);
  return settings === null ? end.exitCode : stepExitCode(end.exitCode, settings);
}

interface Ending {
  readonly end: EndDocument;
  readonly facts: RunFacts;
  readonly settings: Settings | null;
}

async function carryOut(key: string): Promise<Ending> {
  const platformHost = variable("PW_PLATFORM_HOST").trim();
  const stateFolder = `${variable("RUNNER_TEMP")}/pw-workflow-runner-state`;
  const program = findProgram({ binary: variable("INPUT_BINARY").trim(), key, platformHost, stateFolder });
  const workflow = variable("INPUT_WORKFLOW").trim() || "workflow";
  const before = { workflow, slug: null, isAttached: false, platformUrl: program.platformUrl };
  try {
    const settings = readSettings((name) => Deno.env.get(name));
    if (key === "") {
      const hint = "Is the secret set? Workflows of forks get none";
      return { end: failed("credential_missing", "Cannot run: api-key is empty", hint), facts: before, settings };
    }
    return { ...await run(program, settings, before), settings };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const end = error instanceof BadSetting
      ? failed("usage", `Cannot use the action's input ${words}`, null)
      : failed("defect", `Something is wrong in the action itself, or the program can't be started: ${words}`, null);
    return { end, facts: before, settings: null };
  }
}

/** Runs the workflow; where the job is cancelled, does with the run what was asked for. */
async function run(program: Program, settings: Settings, before: RunFacts): Promise<Omit<Ending, "settings">> {
  let facts = before;
  let end: EndDocument | undefined;
  let runName: string | null = null;
  using stop = onStop();
  const output = createOutput(systemContext(`pw-workflow-runner ${VERSION}`), {
    mode: "text",
    level: "INFO",
    mayColor: false,
  });
  using viewer = viewRun(output, systemClock);
  const exitCode = await callProgram(program, settings.args, {
    stdin: settings.inputs,
    onStart: (kill) => stop.passTo(kill),
    onLine(text) {
      const line = readLine(text);
      if (line === undefined) return tell(text);
      if (line.type === "error" || line.type === "left") return void (end = line.type === "error" ? line : line.result);
      viewer.show(line);
      if (line.type === "finished") {
        end = line.result;
        output.answer(verdict(line.result, output.answerStyle));
      }
      if (line.type !== "submitting" && line.type !== "started") return;
      const number = line.type === "started" ? line.number : null;
      runName = line.slug ?? (number === null ? null : `${line.workflow ?? before.workflow}#${number}`);
      facts = { ...facts, slug: line.slug, isAttached: line.type === "started" && line.isAttached };
      // Known even if this process is killed.
      append("GITHUB_OUTPUT", outputLines({ "run-slug": line.slug ?? "" }, crypto.randomUUID()));
    },
  });
  end ??= failed(stop.wasAsked ? "stopped" : "defect", `The program ended with ${exitCode} and said nothing`, null);
  // Whoever says nothing has not done it, whatever the exit code is.
  end = { ...end, exitCode: exitCode || end.exitCode };
  const isOpen = "error" in end && end.submitted !== "no";
  if (!stop.wasAsked || settings.onCancel === "keep" || !isOpen || runName === null) return { end, facts };
  // From here on nothing is passed on: this is what the time before the last signal is for.
  stop.passTo(() => {});
  const cancelArgs = ["cancel", ...settings.hostArgs, "--", runName];
  const cancel = () => callProgram(program, cancelArgs, { stdin: "", onStart: () => {}, onLine: tell });
  let cancelCode = await cancel();
  // A submit that was cut off may still be on its way.
  for (let tries = 1; cancelCode === EXIT_CODES.not_found && tries < CANCEL_TRIES; tries++) {
    await systemClock.sleep(CANCEL_PAUSE_MS, {});
    cancelCode = await cancel();
  }
  const [kind, message] = cancelCode === 0
    ? ["cancelled", "The job was cancelled, and the run with it"] as const
    : ["stopped", "The job was cancelled, but the run could not be: it may go on"] as const;
  return { end: { ...failed(kind, message, null), exitCode, submitted: "yes" }, facts };
}

interface Stop extends Disposable {
  readonly wasAsked: boolean;
  passTo(kill: (signal: Deno.Signal) => void): void;
}

/**
 * GitHub's runner sends SIGINT to this process alone, SIGTERM 7.5 s later, and kills the whole tree 2.5 s after that
 * (actions/runner, ProcessInvoker.cs).
 */
function onStop(): Stop {
  let wasAsked = false;
  let pass: (signal: Deno.Signal) => void = () => {};
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => {
    const listener = () => {
      wasAsked = true;
      pass(signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  return {
    get wasAsked() {
      return wasAsked;
    },
    passTo: (kill) => pass = kill,
    [Symbol.dispose]: () => listeners.forEach(({ signal, listener }) => Deno.removeSignalListener(signal, listener)),
  };
}

/** `undefined` for what is no event. What a log or a server said is made harmless here, for all that follows. */
function readLine(text: string): Line | undefined {
  try {
    return JSON.parse(text, (_, value) => typeof value === "string" ? escapeLog(value) : value);
  } catch {
    return undefined;
  }
}

function failed(kind: FailureKind, message: string, hint: string | null): ErrorDocument {
  const submitted = kind === "usage" || kind === "credential_missing" ? "no" : "unknown";
  return { error: { kind, message, hint }, exitCode: EXIT_CODES[kind], kind, submitted };
}

function report(end: EndDocument, facts: RunFacts): void {
  const path = `${variable("RUNNER_TEMP")}/pw-workflow-runner-${crypto.randomUUID()}.json`;
  Deno.writeTextFileSync(path, `${JSON.stringify(end, null, 2)}\n`);
  append("GITHUB_OUTPUT", outputLines({ ...githubOutputs(end, facts), result: path }, crypto.randomUUID()));
  append("GITHUB_STEP_SUMMARY", githubSummary(end, facts));
}

function append(file: "GITHUB_OUTPUT" | "GITHUB_STEP_SUMMARY", text: string): void {
  Deno.writeTextFileSync(variable(file), text, { append: true });
}

function variable(name: string): string {
  return Deno.env.get(name) ?? "";
}

function tell(line: string): void {
  console.log(line);
}
