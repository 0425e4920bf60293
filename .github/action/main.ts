/**
 * The entry point of the GitHub Action: runs the program, shows its progress, and writes outputs, summary and
 * annotations.
 *
 * It is not a command of the program, because it needs permissions that the program must not have: starting a process
 * and writing GitHub's files. Third-party packages run only in the program.
 */

import { systemClock } from "../../lib/clock.ts";
import { createOutput } from "../../lib/cli/output.ts";
import { renderResult } from "../../lib/cli/tracking/run_lines.ts";
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
import { InvalidSetting, readSettings, type Settings, stepExitCode } from "./settings.ts";

/** A line of `run --events`. */
type Line =
  | Exclude<RunEvent, { readonly type: "finished" }>
  | Extract<RunEvent, { readonly type: "finished" }> & { readonly result: ResultDocument }
  | { readonly type: "detached"; readonly result: ResultDocument }
  | { readonly type: "error" } & ErrorDocument;

const EXIT_CODES = { usage: 2, credential_missing: 4, not_found: 5, defect: 70, cancelled: 130, stopped: 130 } as const;
/** All attempts together must take less time than GitHub allows between its first and its second signal. */
const MAX_CANCEL_ATTEMPTS = 4;
const CANCEL_RETRY_DELAY_MS = 1_500;

type FailureKind = keyof typeof EXIT_CODES;

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const key = variable("PW_API_KEY").trim();
  for (const line of key.split(/\s+/).filter(Boolean)) print(workflowCommand("add-mask", {}, line));
  // The runner ignores all commands in the log until this token is printed again.
  const token = crypto.randomUUID();
  print(workflowCommand("stop-commands", {}, token));
  const { end, facts, settings } = await runAction(key);
  print(`::${token}::`);
  for (const line of githubAnnotations(end, facts)) print(line);
  writeReport(end, facts);
  return settings === null ? end.exitCode : stepExitCode(end.exitCode, settings);
}

interface ActionResult {
  readonly end: EndDocument;
  readonly facts: RunFacts;
  readonly settings: Settings | null;
}

async function runAction(key: string): Promise<ActionResult> {
  const platformHost = variable("PW_PLATFORM_HOST").trim();
  const stateFolder = `${variable("RUNNER_TEMP")}/pw-workflow-runner-state`;
  const program = findProgram({ binary: variable("INPUT_BINARY").trim(), key, platformHost, stateFolder });
  const workflow = variable("INPUT_WORKFLOW").trim() || "workflow";
  const initialFacts = { workflow, slug: null, isAttached: false, platformUrl: program.platformUrl };
  try {
    const settings = readSettings((name) => Deno.env.get(name));
    if (key === "") {
      const hint = "Check that the secret is set; workflows of forks have no secrets";
      return { end: failed("credential_missing", "Cannot run: api-key is empty", hint), facts: initialFacts, settings };
    }
    return { ...await run(program, settings, initialFacts), settings };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const end = error instanceof InvalidSetting
      ? failed("usage", `Cannot use input ${message}`, null)
      : failed("defect", `Cannot run the program: ${message}`, null);
    return { end, facts: initialFacts, settings: null };
  }
}

/** Runs the workflow. If the job is cancelled, cancels the run where `on-cancel` asks for that. */
async function run(
  program: Program,
  settings: Settings,
  initialFacts: RunFacts,
): Promise<Omit<ActionResult, "settings">> {
  let facts = initialFacts;
  let end: EndDocument | undefined;
  let runRef: string | null = null;
  using stop = listenForStop();
  const output = createOutput(systemContext(`pw-workflow-runner ${VERSION}`), {
    mode: "text",
    level: "INFO",
    mayColor: false,
  });
  using viewer = await viewRun(output, systemClock);
  const exitCode = await callProgram(program, settings.args, {
    stdin: settings.inputs,
    onStart: (kill) => stop.forwardTo(kill),
    onLine(text) {
      const line = parseLine(text);
      if (line === undefined) return print(text);
      if (line.type === "error" || line.type === "detached") {
        return void (end = line.type === "error" ? line : line.result);
      }
      viewer.show(line);
      if (line.type === "finished") {
        end = line.result;
        output.answer(renderResult(line.result, output.answerStyle));
      }
      if (line.type !== "submitting" && line.type !== "started") return;
      const number = line.type === "started" ? line.number : null;
      runRef = line.slug ?? (number === null ? null : `${line.workflow ?? initialFacts.workflow}#${number}`);
      facts = { ...facts, slug: line.slug, isAttached: line.type === "started" && line.isAttached };
      // At once, so that the output exists even if this process is killed.
      append("GITHUB_OUTPUT", outputLines({ "run-slug": line.slug ?? "" }, crypto.randomUUID()));
    },
  });
  end ??= failed(
    stop.isRequested ? "stopped" : "defect",
    `The program exited with ${exitCode} and printed no result`,
    null,
  );
  // Without a result the step has failed, even if the exit code is 0.
  end = { ...end, exitCode: exitCode || end.exitCode };
  const isOpen = "error" in end && end.submitted !== "no";
  if (!stop.isRequested || settings.onCancel === "keep" || !isOpen || runRef === null) return { end, facts };
  // Further signals must not interrupt the cancel.
  stop.forwardTo(() => {});
  const cancelArgs = ["cancel", ...settings.hostArgs, "--", runRef];
  const cancel = () => callProgram(program, cancelArgs, { stdin: "", onStart: () => {}, onLine: print });
  let cancelCode = await cancel();
  // The server may still be processing a submit whose connection was closed.
  for (let attempts = 1; cancelCode === EXIT_CODES.not_found && attempts < MAX_CANCEL_ATTEMPTS; attempts++) {
    await systemClock.sleep(CANCEL_RETRY_DELAY_MS, {});
    cancelCode = await cancel();
  }
  const [kind, message] = cancelCode === 0
    ? ["cancelled", "The job was cancelled, and so was the run"] as const
    : ["stopped", "The job was cancelled, but cancelling the run failed: it may still be running"] as const;
  return { end: { ...failed(kind, message, null), exitCode, submitted: "yes" }, facts };
}

interface Stop extends Disposable {
  readonly isRequested: boolean;
  forwardTo(kill: (signal: Deno.Signal) => void): void;
}

/**
 * GitHub's runner sends SIGINT to this process alone, SIGTERM 7.5 s later, and kills the whole tree 2.5 s after that
 * (actions/runner, ProcessInvoker.cs).
 */
function listenForStop(): Stop {
  let isRequested = false;
  let forward: (signal: Deno.Signal) => void = () => {};
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => {
    const listener = () => {
      isRequested = true;
      forward(signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  return {
    get isRequested() {
      return isRequested;
    },
    forwardTo: (kill) => forward = kill,
    [Symbol.dispose]: () => listeners.forEach(({ signal, listener }) => Deno.removeSignalListener(signal, listener)),
  };
}

/** `undefined` if the line is not an event. Escapes all text here, because logs and servers are not trusted. */
function parseLine(text: string): Line | undefined {
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

function writeReport(end: EndDocument, facts: RunFacts): void {
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

function print(line: string): void {
  console.log(line);
}
