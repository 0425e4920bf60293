/** What becomes of a run when whoever waits for it is asked to stop, or has waited long enough. */

import { RunnerError } from "../../errors.ts";
import { cancelRun } from "../../runs/cancel.ts";
import type { Deps } from "../../runs/deps.ts";
import { formatRunId } from "../../runs/view.ts";
import type { RunEvent } from "../../events.ts";
import type { RunResult } from "../../result.ts";
import type { RunId } from "../../run.ts";
import { oneOf } from "../argv.ts";
import type { Context } from "../context.ts";
import { Stopped, type StoppedWait } from "../context.ts";
import type { Output } from "../output.ts";
import { oneLine } from "../../escape.ts";

export type OnInterrupt = "ask" | "keep" | "cancel";
export type OnTimeout = "keep" | "cancel";

const onInterrupt = oneOf("ask", "keep", "cancel");
const onTimeout = oneOf("keep", "cancel");

/** The options of every command that waits. */
export const STOP_ARGS = {
  onInterrupt: {
    type: "custom",
    parse: onInterrupt,
    metavar: "WHAT",
    description: "On Ctrl-C: ask, keep or cancel the run (default: ask on a terminal, else keep)",
  },
  onTimeout: {
    type: "custom",
    parse: onTimeout,
    metavar: "WHAT",
    description: "When waiting ends: keep or cancel the run (default keep)",
  },
} as const;

/** Who may be asked, and with what a run is cancelled. */
export interface StopParts {
  readonly context: Context;
  readonly output: Output;
  readonly deps: Pick<Deps, "client" | "clock">;
}

/** The latest that is known of a run which is being waited for. */
export type Latest = Extract<RunEvent, { type: "submitting" | "started" }>;

/** Keeps what a stop will need to know. */
export function isOfNote(event: RunEvent): event is Latest {
  return event.type === "submitting" || event.type === "started";
}

/** What is asked on Ctrl-C where nothing else was said. */
export function defaultOnInterrupt({ context, output }: Pick<StopParts, "context" | "output">): OnInterrupt {
  return context.stdin.isTerminal && context.stderr.isTerminal && output.mode === "text" ? "ask" : "keep";
}

/**
 * Decides about a run that outlives us, and does it.
 *
 * @returns The stop with what a person must know.
 */
export async function afterStop(
  parts: StopParts,
  stopped: Stopped,
  { latest, policy }: { readonly latest: Latest | undefined; readonly policy: OnInterrupt },
): Promise<Stopped> {
  if (latest === undefined) return stopped;
  if (latest.type === "submitting") return new Stopped(stopped.signal, whileSubmitting(latest));
  const runId = runIdOf(latest);
  const submitted = latest.isAttached ? "no" : "yes";
  // Only a person at the keyboard means the run as well: whatever ends this process otherwise says nothing about it.
  const isCancelled = stopped.signal === "SIGINT" && await isToBeCancelled(parts, runId, policy);
  if (!isCancelled) return new Stopped(stopped.signal, { ...kept(runId), submitted });
  return new Stopped(stopped.signal, { ...await cancelled(parts, runId), submitted });
}

/** What is left of a run whose end was not awaited: cancelled, if that was wished. */
export async function afterTimeout(parts: StopParts, result: RunResult, policy: OnTimeout): Promise<RunResult> {
  if (result.kind !== "timeout" || policy === "keep") return result;
  const runId: RunId = result.slug === null
    ? { type: "number", workflow: result.workflowName ?? "", number: result.runNumber ?? 0 }
    : { type: "slug", slug: result.slug };
  const { message, hint } = await cancelled(parts, runId);
  return { ...result, message: `${message}: its time is up. ${hint}` };
}

async function isToBeCancelled(
  { context, output }: StopParts,
  runId: RunId,
  policy: OnInterrupt,
): Promise<boolean> {
  if (policy !== "ask") return policy === "cancel";
  output.say(
    "WARNING",
    `The run ${oneLine(formatRunId(runId))} goes on. Cancel it too? [y/N]  (Ctrl-C again leaves at once)`,
  );
  const answer = await context.readLine();
  return /^y(es)?$/i.test(answer?.trim() ?? "");
}

async function cancelled({ deps }: StopParts, runId: RunId): Promise<{ message: string; hint: string }> {
  const name = formatRunId(runId);
  try {
    const { status } = await cancelRun(deps, runId, { signal: new AbortController().signal });
    const how = status === "running" || status === "cancelled" ? "is being cancelled" : `had ended already: ${status}`;
    return { message: `The run ${name} ${how}`, hint: `See how it ends: pw-workflow-runner status ${name}` };
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
    return {
      message: `The run ${name} goes on: ${error.message}`,
      hint: `Try again: pw-workflow-runner cancel ${name}`,
    };
  }
}

function kept(runId: RunId): { message: string; hint: string } {
  const name = formatRunId(runId);
  return { message: `Stopped waiting: the run ${name} goes on`, hint: `Go on: pw-workflow-runner watch ${name}` };
}

function whileSubmitting({ workflow, slug }: Extract<Latest, { type: "submitting" }>): StoppedWait {
  const where = slug === null ? `pw-workflow-runner runs ${workflow}` : `pw-workflow-runner status ${slug}`;
  return {
    message: "Stopped while submitting: it is not known whether the run was started",
    hint: `Find out: pw-workflow-runner resume, or look yourself: ${where}`,
    submitted: "unknown",
  };
}

function runIdOf({ slug, workflow, number }: Extract<Latest, { type: "started" }>): RunId {
  return slug === null ? { type: "number", workflow: workflow ?? "", number: number ?? 0 } : { type: "slug", slug };
}
