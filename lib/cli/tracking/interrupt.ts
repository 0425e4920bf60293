/** What happens to a run when the wait for it is interrupted or times out. */

import { expected, NotFound, RunnerError } from "../../errors.ts";
import { cancelRun } from "../../runs/cancel.ts";
import { withLimit } from "../../runs/limit.ts";
import type { Deps } from "../../runs/deps.ts";
import type { RunEvent } from "../../events.ts";
import type { RunResult } from "../../result.ts";
import { formatRunId, type RunDetail, type RunId, runIdOf } from "../../run.ts";
import { oneOf, option } from "../argv.ts";
import { askYesNo, canAsk } from "../confirm.ts";
import { type Context, Stopped, type StoppedWait } from "../context.ts";
import type { Output } from "../output.ts";
import { oneLine } from "../../escape.ts";
import { programCommand } from "../../shell_command.ts";

export type OnInterrupt = "ask" | "keep" | "cancel";
export type OnTimeout = "keep" | "cancel";

const onTimeout = oneOf("keep", "cancel");

export const STOP_OPTIONS = {
  onInterrupt: option("ACTION", "On Ctrl-C: ask, keep or cancel the run (default: ask at a terminal, otherwise keep)", {
    parse: oneOf("ask", "keep", "cancel"),
  }),
  onTimeout: option("ACTION", "On --timeout: keep or cancel the run (default keep)", { parse: onTimeout }),
} as const;

export interface StopDeps {
  readonly context: Context;
  readonly output: Output;
  readonly deps: Pick<Deps, "client" | "clock">;
}

/** An event that identifies the submission or its run. */
export type Milestone = Extract<RunEvent, { type: "submitting" | "started" }>;

export function isMilestone(event: RunEvent): event is Milestone {
  return event.type === "submitting" || event.type === "started";
}

/** The default of `--on-interrupt`. */
export function defaultOnInterrupt({ context, output }: Pick<StopDeps, "context" | "output">): OnInterrupt {
  return canAsk(context) && output.mode === "text" ? "ask" : "keep";
}

/**
 * Keeps or cancels the run when the process is stopped.
 *
 * @returns The stop, with the message and hint about the run.
 */
export async function handleInterrupt(
  parts: StopDeps,
  stopped: Stopped,
  { latest, policy }: { readonly latest: Milestone | undefined; readonly policy: OnInterrupt },
): Promise<Stopped> {
  if (latest === undefined) return stopped;
  if (latest.type === "submitting") {
    const wait = policy === "cancel" && stopped.signal === "SIGINT" ? await cancelSubmitted(parts, latest) : null;
    return new Stopped(stopped.signal, wait ?? whileSubmitting(latest));
  }
  const runId = startedRun(latest);
  const submitted = latest.isAttached ? "no" : "yes";
  // Only Ctrl-C may cancel the run: other signals end this process, but are no request to end the run.
  const question = `Run ${oneLine(formatRunId(runId))} is still running. Cancel it too?`;
  const isCancelled = stopped.signal === "SIGINT" &&
    (policy === "ask" ? await askYesNo(parts, question) : policy === "cancel");
  if (!isCancelled) return new Stopped(stopped.signal, { ...kept(runId), submitted });
  using limit = policy === "cancel" ? parts.deps.clock.timeout(MAX_CANCEL_MS) : undefined;
  return new Stopped(stopped.signal, { ...await cancelled(parts, runId, limit?.signal), submitted });
}

/** Cancels the run of a result that timed out, if the policy is to cancel it. */
export async function handleTimeout(parts: StopDeps, result: RunResult, policy: OnTimeout): Promise<RunResult> {
  if (result.kind !== "timeout" || policy === "keep") return result;
  const { message, hint } = await cancelled(parts, runIdOf(result));
  return { ...result, message: `${message}: timed out. ${hint}` };
}

/** Less time than CI systems leave between their first signal and the second one, which ends the process without a report. */
const MAX_CANCEL_MS = 6_500;
const CANCEL_RETRY_DELAY_MS = 1_000;

/** Cancels the run that an interrupted submit may still start; `null` if there is none so far. */
async function cancelSubmitted(
  { deps }: StopDeps,
  { slug }: Extract<Milestone, { type: "submitting" }>,
): Promise<StoppedWait | null> {
  if (slug === null) return null;
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

async function cancelled(
  { deps }: StopDeps,
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
export function kept(runId: RunId): { message: string; hint: string; continuing: string } {
  const name = formatRunId(runId);
  return {
    continuing: name,
    message: `Stopped waiting: run ${name} is still running`,
    hint: `Track it again: ${programCommand("watch", [name])}`,
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

export function startedRun({ slug, workflow, number }: Extract<Milestone, { type: "started" }>): RunId {
  return runIdOf({ slug, workflowName: workflow, runNumber: number });
}
