/** What is said while a run goes on, and how it ended, in words. Pure. */

import { formatRunId } from "../../runs/view.ts";
import type { RunEvent } from "../../events.ts";
import type { Failure, RunResult } from "../../result.ts";
import type { StepPosition } from "../../run.ts";
import { formatDuration } from "../../duration.ts";
import { oneLine } from "../../escape.ts";
import type { Style } from "../terminal/style.ts";

/** A line about an event; `undefined` for one that has none. Status lines are made by {@link statusLine}. */
export function eventLine(event: RunEvent): string | undefined {
  switch (event.type) {
    case "submitting":
      return `Submitting ${oneLine(event.workflow)}...`;
    case "key-matched":
      return `The key "${oneLine(event.idempotencyKey)}" was used before${
        event.slug === null ? "" : `, by ${oneLine(event.slug)}`
      }: following that run instead of starting another`;
    case "submit-delayed":
      return delayLine(event);
    case "started":
      return startedLine(event);
    case "status":
      return undefined;
    case "unknown-status":
      return `The platform says "${oneLine(event.platformStatus)}", a word not known here: taken for still going`;
    case "connection-lost":
      return `Lost contact, still trying: ${oneLine(event.reason)}`;
    case "connection-restored":
      return `Contact is back after ${formatDuration(event.outageMs)}`;
    case "finished":
      return settledLine(event.result);
    default:
      return event satisfies never;
  }
}

/** `Status: running... (15s)  step 2/3 "run mpi"`. */
export function statusLine(platformStatus: string, elapsedMs: number, position: StepPosition | null): string {
  const where = position === null ? "" : `  step ${position.ordinal}/${position.total} "${oneLine(position.step)}"`;
  return `Status: ${oneLine(platformStatus)}... (${formatDuration(elapsedMs)})${where}`;
}

/** The last words, for stdout: one line, and for a failed run why it failed. */
export function verdict(result: RunResult, style: Style): string {
  switch (result.kind) {
    case "completed":
      return `${style.green("✓")} Workflow completed successfully`;
    case "failed":
      return [
        `${style.red("✗")} Workflow failed${result.errorMessage === null ? "" : `: ${oneLine(result.errorMessage)}`}`,
        ...(result.failure === undefined ? [] : [digest(result.failure, style)]),
      ].join("\n");
    case "cancelled":
      return `${style.yellow("✗")} Workflow was cancelled on the platform`;
    case "session_ready":
      return `${style.green("✓")} Session ${oneLine(result.session?.name ?? "")} stays running: ${
        oneLine(result.session?.url ?? "")
      }`;
    case "submitted":
      return `${style.green("✓")} Run ${oneLine(runName(result))} goes on\n  ${
        style.dim(`Follow it: ${watchCommand(result)}`)
      }`;
    case "timeout":
    case "connection_lost":
    case "credential_expired":
      return `${style.yellow("✗")} ${oneLine(result.message ?? "")}\n  ${
        style.dim(`Follow it again: ${watchCommand(result)}`)
      }`;
    case "run_deleted":
    case "submit_unknown":
      return `${style.red("✗")} ${oneLine(result.message ?? "")}`;
    default:
      return result.kind satisfies never;
  }
}

/** Failed jobs and steps, their annotations and the end of their logs. */
export function digest({ failedJobs }: Failure, style: Style): string {
  const lines: string[] = [];
  for (const job of failedJobs) {
    lines.push(`  ${style.bold(`job ${oneLine(job.name)}`)}  ${oneLine(job.status)}`);
    for (const step of job.failedSteps) {
      lines.push(`    step "${oneLine(step.name)}"  ${oneLine(step.status)}`);
      for (const { type, title, message } of step.annotations) {
        const paint = type === "error" ? style.red : style.yellow;
        lines.push(`      ${paint(type)} ${title === null ? "" : `${oneLine(title)}: `}${oneLine(message)}`);
      }
      lines.push(...step.logTail.map((line) => `      ${style.dim("│")} ${oneLine(line)}`));
    }
  }
  return lines.join("\n");
}

/** How a person goes on with a run. */
export function watchCommand(
  { slug, workflowName, runNumber }: Pick<RunResult, "slug" | "workflowName" | "runNumber">,
): string {
  return `pw-workflow-runner watch ${runName({ slug, workflowName, runNumber })}`;
}

function runName({ slug, workflowName, runNumber }: Pick<RunResult, "slug" | "workflowName" | "runNumber">): string {
  if (slug !== null) return slug;
  return formatRunId({ type: "number", workflow: workflowName ?? "", number: runNumber ?? 0 });
}

function startedLine(event: Extract<RunEvent, { type: "started" }>): string {
  const run = event.number === null ? "Run" : `Run #${event.number}`;
  const slug = event.slug === null ? "" : `  (${oneLine(event.slug)})`;
  const started = event.isAttached ? `Following ${run.toLowerCase()}` : `${run} started`;
  const until = event.deadlineAtMs === null
    ? ""
    : `\nWaiting until ${localTime(event.deadlineAtMs, event.atMs)} at the latest; the run goes on after that`;
  return `${started}${slug}${until}`;
}

function delayLine({ reason, detail, untilMs, atMs }: Extract<RunEvent, { type: "submit-delayed" }>): string {
  const wait = formatDuration(untilMs - atMs);
  switch (reason) {
    case "reconciling":
      return `It is not clear whether the run started, looking for it: ${oneLine(detail)}`;
    case "conflict":
      return `Not started yet, trying again in ${wait}: ${oneLine(detail)}`;
    case "rate-limited":
      return `Asked to wait ${wait}: ${oneLine(detail)}`;
    case "workspace":
      return `Your workspace is not running, trying again in ${wait}: ${oneLine(detail)}`;
    case "unreachable":
      return `Not submitted yet, trying again in ${wait}: ${oneLine(detail)}`;
    default:
      return reason satisfies never;
  }
}

function settledLine({ status, kind, durationSeconds }: RunResult): string | undefined {
  if (kind !== "completed" && kind !== "failed" && kind !== "cancelled") return undefined;
  return `Status: ${status}${durationSeconds === null ? "" : ` (${formatDuration(durationSeconds * 1000)})`}`;
}

/** The time of day, and the day where it is not today. */
function localTime(instantMs: number, nowMs: number): string {
  const date = new Date(instantMs);
  const two = (part: number) => String(part).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === new Date(nowMs).toDateString()) return time;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}
