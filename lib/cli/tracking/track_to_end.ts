/** Tracks runs, with their progress, Ctrl-C and timeout. */

import { expected, fallbackTo, NotFound, RunnerError } from "../../errors.ts";
import type { RunEvent } from "../../events.ts";
import { oneAfterTheOther } from "../../in_parallel.ts";
import type { RunResult, Submitted } from "../../result.ts";
import { formatRunId, type RunDetail, type RunId, type RunIdentity, runIdOf } from "../../run.ts";
import { cancelRun, cancelUnsent } from "../../runs/cancel.ts";
import type { Deps } from "../../runs/deps.ts";
import { toEnd } from "../../runs/execute.ts";
import { withLimit } from "../../runs/limit.ts";
import { sharingPolls } from "../../runs/list_running.ts";
import { programCommand } from "../../shell_command.ts";
import { isOpen, isUnsent, type PendingSubmission } from "../../submission.ts";
import { oneLine } from "../../escape.ts";
import { counted } from "../../text.ts";
import type { OpenedCall } from "../command.ts";
import { askYesNo } from "../confirm.ts";
import { LocalFailure, Stopped, type StoppedWait } from "../context.ts";
import { failureDocument, machineFailure, renderFailure, reportOf } from "../failure_report.ts";
import { renderResult, runName, watchCommand } from "./run_lines.ts";
import { resultDocument, type ShowRun, viewRuns } from "./run_view.ts";
import type { StopValues } from "./wait_options.ts";

/** An event that identifies the submission or its run. */
type Milestone = Extract<RunEvent, { type: "submitting" | "started" }>;

/** @throws Stopped, with what has become of the run. */
export async function trackToEnd(
  call: OpenedCall<StopValues>,
  events: AsyncGenerator<RunEvent, RunResult>,
  { show, ask = (question) => askYesNo(call, question) }: {
    readonly show: ShowRun;
    readonly ask?: (question: string) => Promise<boolean>;
  },
): Promise<RunResult> {
  const { output, values: { onTimeout = "keep" } } = call;
  let latest: Milestone | undefined;
  try {
    const result = await toEnd(events, (event) => {
      if (event.type === "submitting" || event.type === "started") latest = event;
      output.reporter?.show(event);
      show(event);
    });
    if (result.kind !== "timeout" || onTimeout === "keep") return result;
    const { message, hint, isCancelled } = await cancelled(call, runIdOf(result));
    // The report on a timeout shows how to track the run; only one that could not be cancelled needs more.
    return { ...result, message: `${message}: timed out${isCancelled === undefined ? `. ${hint}` : ""}` };
  } catch (error) {
    if (!(error instanceof Stopped)) throw localFailureOf(error, latest) ?? error;
    throw new Stopped(error.signal, await waitAfter(call, error, { latest, ask }));
  }
}

interface TrackedRun {
  readonly name: string;
  /** Identifies it in the document of its error. */
  readonly identity: Partial<RunIdentity>;
  track(deps: Deps): AsyncGenerator<RunEvent, RunResult>;
}

/**
 * Tracks runs at once, with requests that they share, and on a terminal in one table. Of one that has no result, the end is
 * its error: the others continue.
 *
 * @throws Like {@link stoppedTogether}.
 */
export async function trackTogether(call: OpenedCall<StopValues>, runs: readonly TrackedRun[]) {
  const { deps, output, signal, values: { onTimeout } } = call;
  const sharing = { ...call, deps: { ...deps, client: sharingPolls(deps.client, deps.clock, runs.length) } };
  using view = viewRuns(output, deps.clock, { names: runs.map(({ name }) => name), onTimeout, signal });
  const inOrder = oneAfterTheOther();
  const ends = await stoppedTogether(runs.map(async ({ identity, track }, index) => {
    // A key that is pressed would answer all questions that are shown.
    const ask = (question: string) => inOrder(() => askYesNo(call, question));
    const show = view.showOf(index);
    const end = await trackToEnd(sharing, track(sharing.deps), { show, ask }).catch(expected(RunnerError));
    if (!(end instanceof RunnerError)) {
      const text = `${oneLine(runName(end))}: ${renderResult(end, output.answerStyle)}`;
      return { end, document: resultDocument(end), text };
    }
    const failure = reportOf(end);
    const document = failureDocument(failure);
    const text = await renderFailure(failure, output.answerStyle);
    if (output.mode === "events") {
      output.event({ v: 1, type: "error", ...document });
      output.log("ERROR", text);
    }
    return { end, document: { ...identity, ...document }, text };
  }));
  return { ends, results: ends.flatMap(({ end }) => end instanceof RunnerError ? [] : [end]) };
}

/** @throws Stopped, for all of them, if any was stopped; or the first other error. */
export async function stoppedTogether<T>(waits: readonly Promise<T>[]): Promise<readonly T[]> {
  const ends = await Promise.all(waits.map((wait) => wait.then((value) => ({ value }), expected(Stopped))));
  const stops = ends.flatMap((end) => end instanceof Stopped ? [end] : []);
  const [first] = stops;
  if (first !== undefined) throw new Stopped(first.signal, combined(stops.flatMap(({ wait }) => wait ?? [])));
  return ends.flatMap((end) => end instanceof Stopped ? [] : [end.value]);
}

function combined(waits: readonly StoppedWait[]): StoppedWait | null {
  const names = waits.flatMap(({ continuing }) => continuing ?? []);
  const others = names.length < 2 ? waits : waits.filter(({ continuing }) => continuing === undefined);
  if (waits.length === 0) return null;
  const kept = names.length < 2 ? [] : [{
    message: `Stopped waiting: ${counted(names.length, "run")} are still running: ${names.join(", ")}`,
    hint: `Track them again: ${programCommand("watch", names)}`,
  }];
  const all = [...kept, ...others];
  const submitted = (["unknown", "yes"] as const).find((answer) => waits.some((wait) => wait.submitted === answer));
  return {
    message: all.map(({ message }) => message).join("\n"),
    hint: all.map(({ hint }) => hint).join("\n"),
    submitted: submitted ?? "no",
    isCancelled: waits.every(({ isCancelled }) => isCancelled === true),
  };
}

/** Keeps or cancels the run when the process is stopped. `null` if there is none. */
async function waitAfter(
  call: OpenedCall<StopValues>,
  { signal }: Stopped,
  { latest, ask }: { readonly latest: Milestone | undefined; readonly ask: (question: string) => Promise<boolean> },
): Promise<StoppedWait | null> {
  if (latest === undefined) return null;
  // Watching a run is no reason to cancel it.
  const { onInterrupt: policy = "keep" } = call.values;
  // Only Ctrl-C may cancel the run: other signals end this process, but are no request to end the run.
  const mayCancel = signal === "SIGINT";
  if (latest.type === "submitting") {
    const isCancelling = policy === "cancel" && mayCancel;
    const stored = await call.deps.store.get(latest.submissionId).catch(fallbackTo(null, "storage"));
    // It is stored before it is sent.
    if (stored === undefined) return null;
    if (stored !== null && isUnsent(stored)) return await beforeSubmitting(call, stored, isCancelling);
    const canCancel = isCancelling && latest.slug !== null;
    return (canCancel ? await cancelSubmitted(call, latest.slug) : null) ?? whileSubmitting(latest);
  }
  const { runId, submitted } = startedRun(latest);
  const question = `Run ${oneLine(formatRunId(runId))} is still running. Cancel it too?`;
  const isCancelled = mayCancel && (policy === "ask" ? await ask(question) : policy === "cancel");
  if (!isCancelled) return kept(runId, submitted);
  using limit = policy === "cancel" ? call.deps.clock.timeout(MAX_CANCEL_MS) : undefined;
  return { ...await cancelled(call, runId, limit?.signal), submitted };
}

/** Less time than CI systems leave between their first signal and the second one, which ends the process without a report. */
const MAX_CANCEL_MS = 6_500;
const CANCEL_RETRY_DELAY_MS = 1_000;

/** Cancels the run that an interrupted submit may still start; `null` if there is none so far. */
async function cancelSubmitted({ deps }: OpenedCall, slug: string): Promise<StoppedWait | null> {
  using limit = deps.clock.timeout(MAX_CANCEL_MS);
  const { signal } = limit;
  try {
    while (true) {
      const run = await cancelRun(deps, { type: "slug", slug }, { signal }).catch(expected(NotFound));
      if (!(run instanceof NotFound)) return { ...outcomeOf(slug, run), submitted: "yes" };
      await deps.clock.sleep(CANCEL_RETRY_DELAY_MS, { signal });
    }
  } catch (error) {
    if (error instanceof RunnerError || signal.aborted) return null;
    throw error;
  }
}

/** Cancels a run. Returns what has become of it, also if it cannot be cancelled. */
export async function cancelled(
  { deps }: Pick<OpenedCall, "deps">,
  runId: RunId,
  limit?: AbortSignal,
): Promise<Omit<StoppedWait, "submitted">> {
  const name = formatRunId(runId);
  const limits = { signal: new AbortController().signal, limit };
  const cancel = (signal: AbortSignal) => cancelRun(deps, runId, { signal });
  const run = await withLimit(limits, `cancel run ${name}`, cancel).catch(expected(RunnerError));
  if (!(run instanceof RunnerError)) return outcomeOf(name, run);
  return {
    message: `Run ${name} is still running: ${run.message}`,
    hint: `Try again: ${programCommand("cancel", [name])}`,
  };
}

function outcomeOf(name: string, { status }: RunDetail): Omit<StoppedWait, "submitted"> {
  const isCancelled = status === "running" || status === "cancelled";
  const outcome = isCancelled ? "is being cancelled" : `had already ended: ${status}`;
  return {
    message: `Run ${name} ${outcome}`,
    hint: `Check its status: ${programCommand("status", [name])}`,
    isCancelled,
  };
}

/** The report on a run that is left running. */
function kept(runId: RunId, submitted: Submitted): StoppedWait {
  const name = formatRunId(runId);
  return {
    continuing: name,
    message: `Stopped waiting: run ${name} is still running`,
    hint: `Track it again: ${programCommand("watch", [name])}`,
    submitted,
  };
}

/** The server was busy or could not be reached: nothing has arrived there. */
async function beforeSubmitting(
  { deps }: OpenedCall,
  submission: PendingSubmission,
  isCancelling: boolean,
): Promise<StoppedWait> {
  const end = isCancelling ? await cancelUnsent(deps, submission).catch(fallbackTo(submission)) : submission;
  const isCancelled = !isOpen(end);
  return {
    message: `${isCancelled ? "Cancelled" : "Stopped"} before the run was submitted: nothing was started`,
    hint: isCancelled ? "To start it after all, run it again" : "Run pw-workflow-runner resume to submit it",
    submitted: "no",
    isCancelled,
  };
}

function whileSubmitting({ workflow, slug }: Extract<Milestone, { type: "submitting" }>): StoppedWait {
  const command = slug === null ? programCommand("runs", [workflow]) : programCommand("status", [slug]);
  return {
    message: "Stopped while submitting: it is unknown whether the run started",
    hint: `Run pw-workflow-runner resume to find out, or check with: ${command}`,
    submitted: "unknown",
  };
}

export function startedRun({ slug, workflow, number, isAttached }: Extract<Milestone, { type: "started" }>) {
  const runId = runIdOf({ slug, workflowName: workflow, runNumber: number });
  return { runId, submitted: isAttached ? "no" : "yes" } as const;
}

/** A run that has started outlives the failure of this machine; `undefined` for another error. */
function localFailureOf(error: unknown, latest: Milestone | undefined): LocalFailure | undefined {
  const failure = machineFailure(error);
  if (failure === undefined || latest?.type !== "started") return undefined;
  const { runId, submitted } = startedRun(latest);
  const { message, hint } = kept(runId, submitted);
  return new LocalFailure(`${failure.message}\n${message}`, { hint, submitted, cause: error });
}

/** Results that stdout cannot take are named on stderr: their runs exist. */
export function ifUnwritten(results: readonly RunResult[]) {
  const submitted: Submitted = results.some((result) => result.submitted === "yes") ? "yes" : "no";
  return {
    get states() {
      return results.map((result) => `Run ${runName(result)}: ${result.status}`).join("\n");
    },
    get hint() {
      return results.map((result) => `Show it again: ${watchCommand(result)}`).join("\n");
    },
    submitted,
  };
}
