/** Progress and results of a run as text. Pure. */

import type { EventBase, RunEvent, SubmitDelay, TimeLeft } from "../../events.ts";
import type { RunFailure, RunResult } from "../../result.ts";
import { formatRunId, type RunIdentity, runIdOf } from "../../run.ts";
import { formatDelay, formatDuration, formatExactDuration } from "../../duration.ts";
import { oneLine } from "../../escape.ts";
import { formatPath } from "../../runs/view.ts";
import { renderPosition } from "../render/cells.ts";
import { programCommand } from "../../shell_command.ts";
import type { Style } from "../terminal/style.ts";
import { formatClock } from "../terminal/time_text.ts";
import type { OnTimeout } from "./wait_options.ts";

/**
 * The line for an event; `undefined` if it has none. For `status` events, see {@link renderStatusLine}.
 *
 * @param onTimeout What happens to the run at the end of the wait.
 */
export function renderEventLine(event: RunEvent, onTimeout: OnTimeout = "keep"): string | undefined {
  switch (event.type) {
    case "submitting":
      return `Submitting ${oneLine(event.workflow)} to ${oneLine(event.host)} as ${oneLine(event.user)}...`;
    case "key-matched":
      return `Idempotency key "${oneLine(event.idempotencyKey)}" was used before${
        event.slug === null ? "" : ` by ${oneLine(event.slug)}`
      }: tracking that run instead of starting another`;
    case "key-guarantee":
      return event.guarantee === "one-run"
        ? "This server refuses a second run with the same idempotency key"
        : "This server is not known to refuse a second run with the same idempotency key: when several are started at " +
          "the same moment, the oldest remains and the others are cancelled";
    case "duplicate-cancelled":
      return `Cancelled ${oneLine(event.slug)}: ${oneLine(event.keptSlug)} was started earlier with the same key`;
    case "submit-delayed":
      return delayLine(event);
    case "started":
      return startedLine(event, onTimeout);
    case "status":
      return undefined;
    case "unknown-status":
      return `Unknown status "${
        oneLine(event.platformStatus)
      }": the run counts as running until the server reports its end`;
    case "poll-delayed":
      return `Server busy, polling again in ${formatDelay(event.untilMs - event.atMs)}: ${oneLine(event.reason)}`;
    case "connection-lost":
      return `Connection lost, still trying: ${oneLine(event.reason)}`;
    case "connection-restored":
      return `Connection restored after ${formatDuration(event.outageMs)}`;
    case "finished":
      return finishedLine(event.result);
    default:
      return event satisfies never;
  }
}

export type StatusEvent = Extract<RunEvent, { type: "status" }>;

/** `Status: running... (15s)  step 2/3 "run mpi"  ~40s left, usually 2m 10s`. */
export function renderStatusLine(
  { platformStatus, elapsedMs, position, timeLeft }: Omit<StatusEvent, keyof EventBase | "type" | "status">,
): string {
  const parts = [
    `Status: ${oneLine(platformStatus)}... (${formatDuration(elapsedMs)})`,
    ...(position === null ? [] : [renderPosition(position)]),
    ...(timeLeft === null ? [] : [renderTimeLeft(timeLeft)]),
  ];
  return parts.join("  ");
}

/** `~40s left, usually 2m 10s`, or `longer than all 20 earlier runs`. */
export function renderTimeLeft(timeLeft: TimeLeft): string {
  if (timeLeft.type === "longer-than-all") return `longer than all ${timeLeft.earlierRuns} earlier runs`;
  const usual = `usually ${formatDuration(timeLeft.usualMs)}`;
  return timeLeft.leftMs < 1_000 ? usual : `~${formatDuration(timeLeft.leftMs)} left, ${usual}`;
}

/** The time left when some of it has passed since it was estimated. */
export function timeLeftAfter(timeLeft: TimeLeft | null, passedMs: number): TimeLeft | null {
  return timeLeft?.type === "about" ? { ...timeLeft, leftMs: timeLeft.leftMs - passedMs } : timeLeft;
}

/** The result for stdout: one line, plus the failed jobs and steps of a failed run. */
export function renderResult(result: RunResult, style: Style): string {
  const { kind, errorMessage, failure, session } = result;
  const message = oneLine(result.message ?? "");
  const track = (label: string) => `\n  ${style.dim(`${label}: ${watchCommand(result)}`)}`;
  switch (kind) {
    case "completed":
      return `${style.green("✓")} Workflow completed successfully`;
    case "failed": {
      const reason = errorMessage === null ? "" : `: ${oneLine(errorMessage)}`;
      const digest = failure === undefined ? "" : `\n${renderFailureDigest(failure, style)}`;
      return `${style.red("✗")} Workflow failed${reason}${digest}`;
    }
    case "cancelled":
      return `${style.yellow("✗")} ${message === "" ? "Workflow was cancelled on the platform" : message}`;
    case "session_ready": {
      const [name, url] = [session?.name, session?.url].map((text) => oneLine(text ?? ""));
      return `${style.green("✓")} Session ${name} is ready and stays running: ${url}`;
    }
    case "submitted":
      return `${style.green("✓")} Run ${oneLine(runName(result))} is still running${track("Track it")}`;
    case "timeout":
    case "connection_lost":
    case "credential_expired": {
      // Its batch or suite cancelled it for a limit.
      const isOver = kind === "timeout" && /^cancell?ed$/i.test(result.platformStatus ?? "");
      return `${style.yellow("✗")} ${message}${isOver ? ", and cancelled" : track("Track it again")}`;
    }
    case "run_deleted":
    case "submit_unknown":
      return `${style.red("✗")} ${message}`;
    default:
      return kind satisfies never;
  }
}

/** Failed jobs and steps, their annotations and the end of their logs. */
export function renderFailureDigest({ failedJobs }: RunFailure, style: Style): string {
  const lines: string[] = [];
  for (const job of failedJobs) {
    lines.push(`  ${style.bold(`job ${oneLine(formatPath(job.path))}`)}  ${oneLine(job.status)}`);
    for (const step of job.failedSteps) {
      lines.push(`    step "${oneLine(step.name)}"  ${oneLine(step.status)}`);
      for (const { type, title, message } of step.annotations) {
        const paint = type === "error" ? style.red : style.yellow;
        lines.push(`      ${paint(type)} ${title === null ? "" : `${oneLine(title)}: `}${oneLine(message)}`);
      }
      if (step.note !== null) lines.push(`      ${style.yellow("!")} ${oneLine(step.note)}`);
      lines.push(...step.logTail.map((line) => `      ${style.dim("│")} ${oneLine(line)}`));
    }
  }
  return lines.join("\n");
}

export function watchCommand(run: RunIdentity): string {
  return oneLine(programCommand("watch", [runName(run)]));
}

/** How a command line names the run of a result. */
export function runName(run: RunIdentity): string {
  return formatRunId(runIdOf(run));
}

function startedLine(event: Extract<RunEvent, { type: "started" }>, onTimeout: OnTimeout): string {
  const { atMs, deadlineAtMs } = event;
  const run = event.number === null ? "Run" : `Run #${event.number}`;
  const slug = event.slug === null ? "" : `  (${oneLine(event.slug)})`;
  const started = `${event.isAttached ? `Tracking ${run.toLowerCase()}` : `${run} started`}${slug}`;
  if (deadlineAtMs === null) return started;
  const limit = `${waitTime(deadlineAtMs - atMs)} (until ${formatClock(deadlineAtMs, atMs)})`;
  const then = onTimeout === "cancel" ? "the run is then cancelled" : "the run continues afterwards";
  return `${started}\nWaiting up to ${limit}; ${then}`;
}

function delayLine({ reason, detail, untilMs, atMs }: Extract<RunEvent, { type: "submit-delayed" }>): string {
  if (reason === "reconciling") return `Unclear whether the run started, searching for it: ${oneLine(detail)}`;
  return `${DELAYS[reason]}, retrying in ${formatDelay(untilMs - atMs)}: ${oneLine(detail)}`;
}

const DELAYS = {
  conflict: "Not started yet",
  "rate-limited": "Server busy",
  workspace: "Your workspace is not running",
  unreachable: "Not submitted yet",
} as const satisfies Record<Exclude<SubmitDelay, "reconciling">, string>;

function finishedLine({ status, kind, durationSeconds }: RunResult): string | undefined {
  if (kind !== "completed" && kind !== "failed" && kind !== "cancelled") return undefined;
  return `Status: ${status}${durationSeconds === null ? "" : ` (${formatDuration(durationSeconds * 1000)})`}`;
}

/** Rounded, to minutes from ten minutes on: `--timeout 1h` also covers the seconds of submitting. */
function waitTime(durationMs: number): string {
  const unitMs = durationMs < 10_000 ? 100 : durationMs < 600_000 ? 1_000 : 60_000;
  return formatExactDuration(Math.round(durationMs / unitMs) * unitMs);
}
