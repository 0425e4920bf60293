/** The conversation at a terminal, when nothing was asked for on the command line. */

import { CredentialError } from "../../errors.ts";
import { cancelRun } from "../../runs/cancel.ts";
import type { Deps } from "../../runs/deps.ts";
import { execute, toEnd } from "../../runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../runs/options.ts";
import { follow } from "../../runs/track_run.ts";
import { formatRunId } from "../../runs/view.ts";
import type { RunEvent } from "../../events.ts";
import type { RunResult } from "../../result.ts";
import type { RunId } from "../../run.ts";
import type { RunRequest } from "../../submission.ts";
import { Cancelled, type Prompter } from "../../prompts/prompter.ts";
import { clackPrompter } from "../../prompts/clack_prompter.ts";
import { runInteractive } from "../../prompts/interactive.ts";
import { type Context, Stopped } from "../context.ts";
import { EXIT_CODES, EXIT_CODES_OF_SIGNALS, exitCodeOf } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import type { Output } from "../output.ts";
import { digest, verdict, watchCommand } from "../tracking/run_lines.ts";
import { viewRun } from "../tracking/run_view.ts";
import { printLogs } from "./logs.ts";

/** @returns The exit code. */
export async function interactive(context: Context, output: Output): Promise<number> {
  const prompter = clackPrompter({ mayColor: (context.env("NO_COLOR") ?? "") === "" });
  try {
    const { deps, hint } = await openOrAsk({ context, output, prompter });
    const result = await runInteractive({
      deps,
      prompter,
      signal: new AbortController().signal,
      listInputFiles: () => context.listFiles("inputs", /\.(json|ya?ml)$/i),
      readTextFile: context.readTextFile,
      writeNewFile: context.writeNewFile,
      print: (text) => output.say("INFO", text),
      run: (request) => runWithQuestions({ context, output, prompter, deps }, request),
      showLogs: (ended) => showLogs(output, deps, ended),
      showErrors: (ended) => showErrors(output, ended),
    });
    if (hint !== undefined) output.say("INFO", hint);
    return result === undefined ? EXIT_CODES.completed : exitCodeOf(result.kind);
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    output.say("INFO", "Nothing more was sent");
    return EXIT_CODES_OF_SIGNALS.SIGINT;
  }
}

interface Parts {
  readonly context: Context;
  readonly output: Output;
  readonly prompter: Prompter;
}

/** A key that is missing is asked for, and used for this call alone. */
async function openOrAsk(
  { context, output, prompter }: Parts,
): Promise<{ readonly deps: Deps; readonly hint?: string }> {
  try {
    return { deps: await openDeps({ context, output, values: {} }, "needed") };
  } catch (error) {
    if (!(error instanceof CredentialError) || error.kind !== "credential_missing") throw error;
    prompter.say(`${error.message}\n${error.hint ?? ""}`);
    const key = await prompter.secret("API key (used for this call alone)", {
      validate: (text) => text.trim() === "" ? "A key looks like pwt_<host>.<rest>" : undefined,
    });
    const env = (name: string) => name === "PW_API_KEY" ? key : context.env(name);
    await using deps = await openDeps({ context: { ...context, env }, output, values: {} }, "needed");
    return { deps, hint: "To keep the key for the next calls: export PW_API_KEY='pwt_…'" };
  }
}

/** Follows a run; Ctrl-C asks what to do about it, and stops nothing by itself. */
async function runWithQuestions(parts: Parts & { readonly deps: Deps }, request: RunRequest): Promise<RunResult> {
  const { deps } = parts;
  let runId: RunId | undefined;
  const watch = (event: RunEvent) => {
    if (event.type === "started" && event.slug !== null) runId = { type: "slug", slug: event.slug };
  };
  let start = (signal: AbortSignal) => execute(deps, request, { ...DEFAULT_EXECUTE, signal });
  while (true) {
    try {
      const result = await waitOnce(parts, start, watch);
      parts.output.say("INFO", "");
      parts.output.answer(verdict(result, parts.output.answerStyle));
      return result;
    } catch (error) {
      const known = runId;
      if (!(error instanceof Stopped) || known === undefined) throw error;
      await askDuringWait(parts, known, error);
      start = (signal) => follow(deps, known, { ...DEFAULT_EXECUTE, signal });
    }
  }
}

async function waitOnce(
  { context, output, deps }: Parts & { readonly deps: Deps },
  start: (signal: AbortSignal) => AsyncGenerator<RunEvent, RunResult>,
  watch: (event: RunEvent) => void,
): Promise<RunResult> {
  const stopping = new AbortController();
  using _listening = context.onSignal((signal) => stopping.abort(new Stopped(signal)));
  using viewer = viewRun(output, deps.clock);
  return await toEnd(start(stopping.signal), (event) => {
    watch(event);
    viewer.show(event);
  });
}

/** @throws Stopped when the run is to be left alone. */
async function askDuringWait(
  { prompter, deps }: Parts & { readonly deps: Deps },
  runId: RunId,
  stopped: Stopped,
): Promise<void> {
  const what = await prompter.choose("The run goes on. What do you want to do?", [
    { value: "wait", label: "1. Go on waiting" },
    { value: "keep", label: "2. Keep it running, and leave" },
    { value: "cancel", label: "3. Cancel the run" },
  ]);
  const name = formatRunId(runId);
  if (what === "keep") {
    const slug = runId.type === "slug" ? runId.slug : null;
    const hint = `Go on: ${watchCommand({ slug, workflowName: null, runNumber: null })}`;
    throw new Stopped(stopped.signal, { message: `Stopped waiting: the run ${name} goes on`, hint, submitted: "yes" });
  }
  if (what === "cancel") {
    await cancelRun(deps, runId, { signal: new AbortController().signal });
    prompter.say(`${name} is being cancelled`);
  }
}

async function showLogs(output: Output, deps: Deps, { slug }: RunResult): Promise<void> {
  if (slug === null) return;
  const { signal } = new AbortController();
  const runId: RunId = { type: "slug", slug };
  const run = await deps.client.getRun(runId, { signal });
  await printLogs({ deps, output, signal }, runId, { run, isWanted: () => true, tail: 50 });
}

function showErrors(output: Output, { failure }: RunResult): Promise<void> {
  output.answer(failure === undefined ? "No job or step says why" : digest(failure, output.answerStyle));
  return Promise.resolve();
}
