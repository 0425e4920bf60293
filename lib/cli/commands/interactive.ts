/** Interactive mode: what the program does at a terminal when it is started without a command. */

import { CredentialError, expected, orError, Unreachable } from "../../errors.ts";
import { API_KEY_EXAMPLE, parseApiKey } from "../../platform/credentials/api_key.ts";
import type { Deps } from "../../runs/deps.ts";
import { execute } from "../../runs/execute.ts";
import { DEFAULT_EXECUTE } from "../../runs/options.ts";
import { redactedValues } from "../../inputs/secrets.ts";
import { redactingReads } from "../../runs/redacting.ts";
import { trackRun } from "../../runs/track_run.ts";
import type { RunResult } from "../../result.ts";
import type { RunId } from "../../run.ts";
import { folderOf } from "../../store/store_file.ts";
import type { RunRequest } from "../../submission.ts";
import { PromptCancelled, type Prompter } from "../../prompts/prompter.ts";
import { runInteractive } from "../../prompts/interactive.ts";
import type { Invocation, OpenedCall } from "../command.ts";
import { Stopped, type StoppedWait } from "../context.ts";
import { EXIT_CODES, EXIT_CODES_OF_SIGNALS } from "../exit_codes.ts";
import { openDeps } from "../open.ts";
import { openPrompter } from "../terminal/prompter.ts";
import { printLogs } from "../tracking/show_logs.ts";
import { cancelled, startedRun, trackToEnd } from "../tracking/track_to_end.ts";
import { renderFailureDigest, renderResult } from "../tracking/run_lines.ts";
import { type ShowRun, viewRuns } from "../tracking/run_view.ts";
import { timeoutOfEnvironment } from "../tracking/wait_options.ts";

/** @returns The exit code. */
export async function interactive({ context, output, signal }: Omit<Invocation, "values">): Promise<number> {
  const timeoutMs = timeoutOfEnvironment(context, DEFAULT_EXECUTE.timeoutMs);
  const prompter = await openPrompter(context.stderr, { mayColor: output.mayColorPrompts, signal });
  try {
    const { deps, hint } = await openOrPrompt({ context, output, signal, prompter });
    const result = await runInteractive({
      deps,
      prompter,
      signal,
      listInputFiles: () => context.listFiles("inputs", /\.(jsonc?|ya?ml)$/i),
      readTextFile: context.readTextFile,
      // The folder that is suggested may not exist yet.
      writeNewFile: async (path, text) => {
        await context.createFolder(folderOf(path));
        await context.writeNewFile(path, text);
      },
      print: (text) => output.log("INFO", text),
      run: (request) => runWithPrompts({ context, output, prompter, deps, timeoutMs }, request),
      showLogs: (ended) => showLogs({ output, deps, signal }, ended),
      showErrors: async ({ failure }) => {
        const none = "No job or step reported a failure";
        output.answer(failure === undefined ? none : renderFailureDigest(failure, output.answerStyle));
      },
    });
    if (hint !== undefined) output.log("INFO", hint);
    return result === undefined ? EXIT_CODES.completed : EXIT_CODES[result.kind];
  } catch (error) {
    if (!(error instanceof PromptCancelled)) throw error;
    output.log("INFO", "Cancelled: nothing more was sent");
    return EXIT_CODES_OF_SIGNALS.SIGINT;
  }
}

type Parts = Pick<Invocation, "context" | "output"> & { readonly prompter: Prompter };

/**
 * Prompts for a missing API key and uses it for this invocation only; again if the platform refuses it, or it names a host
 * that cannot be reached.
 */
async function openOrPrompt({ context, output, signal, prompter }: Parts & Pick<Invocation, "signal">) {
  let enteredKey: string | undefined;
  while (true) {
    try {
      const deps = await openDeps({ context, output, signal, values: { enteredKey } }, "required");
      if (enteredKey === undefined) return { deps };
      await deps.client.whoAmI({ signal, retry: "none" });
      return { deps, hint: "To use the API key next time: export PW_API_KEY='pwt_…'" };
    } catch (error) {
      if (!(error instanceof CredentialError || error instanceof Unreachable)) throw error;
      if (enteredKey === undefined && error.kind !== "credential_missing") throw error;
      prompter.note(`${error.message}\n${error.commandHint ?? ""}`);
      enteredKey = await prompter.secret("API key (used only this time)", { validate: problemOfKey });
    }
  }
}

function problemOfKey(text: string): string | undefined {
  if (text.trim() === "") return `An API key has the form ${API_KEY_EXAMPLE}`;
  const key = orError(CredentialError, () => parseApiKey(text, "the prompt"));
  return key instanceof CredentialError ? key.message : undefined;
}

/**
 * Tracks a run. Ctrl-C prompts for what to do with it.
 *
 * @throws Stopped if the user chooses to leave it running, or before the run is known.
 */
async function runWithPrompts(
  { context, output, prompter, deps, timeoutMs }: Parts & { readonly deps: Deps; readonly timeoutMs: number | null },
  request: RunRequest,
): Promise<RunResult> {
  output.redact(redactedValues(request));
  let runId: RunId | undefined;
  /** As of the first stop: a later one may come before the run has been read again. */
  let wait: StoppedWait | null = null;
  let start = (signal: AbortSignal) => execute(deps, request, { ...DEFAULT_EXECUTE, timeoutMs, signal });
  while (true) {
    try {
      const stopping = new AbortController();
      const { signal } = stopping;
      using _listening = context.onSignal((signal) => stopping.abort(new Stopped(signal)));
      using view = viewRuns(output, deps.clock, { signal });
      const showRun = view.showOf();
      const show: ShowRun = (event) => {
        if (event.type === "started") runId = startedRun(event).runId;
        showRun(event);
      };
      const call = { context, output, deps, signal, values: {} };
      const result = await trackToEnd(call, start(signal), { show });
      view[Symbol.dispose]();
      output.log("INFO", "");
      output.answer(renderResult(result, output.answerStyle));
      return result;
    } catch (error) {
      const known = runId;
      if (!(error instanceof Stopped) || known === undefined) throw error;
      wait ??= error.wait;
      // Only Ctrl-C is a question; another signal ends this process, also during the question.
      const choice = error.signal !== "SIGINT" ? error : await prompter.choose(
        "The run is still running. What do you want to do?",
        [
          { value: "wait", label: "1. Keep waiting" },
          { value: "keep", label: "2. Exit and leave it running" },
          { value: "cancel", label: "3. Cancel the run" },
        ],
      ).catch((ended) => ended instanceof Stopped ? ended : expected(PromptCancelled)(ended));
      if (choice === "keep" || choice instanceof Error) {
        throw new Stopped((choice instanceof Stopped ? choice : error).signal, wait);
      }
      if (choice === "cancel") output.log("INFO", (await cancelled({ deps }, known)).message);
      start = (signal) => trackRun(deps, known, { ...DEFAULT_EXECUTE, timeoutMs, signal });
    }
  }
}

async function showLogs({ output, deps, signal }: Pick<OpenedCall, "output" | "deps" | "signal">, { slug }: RunResult) {
  if (slug === null) return;
  const runId: RunId = { type: "slug", slug };
  const client = await redactingReads(deps, runId);
  const wanted = { run: await client.getRun(runId, { signal }), isSelected: () => true, isFailedOnly: false, tail: 50 };
  await printLogs({ deps: { ...deps, client }, output, signal }, runId, wanted);
}
