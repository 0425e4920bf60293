/** Where a run stands at an instant: read off its plan and what was done to it since, never stored. */

import type { JsonObject } from "../json.ts";
import { outputsOf, type PlannedJob, type PlannedStep, type Span } from "./plan.ts";
import { linesOf } from "./script.ts";
import type { SimulatedRun } from "./state.ts";

/** How long a run takes to wind down once it is asked to. */
export const CANCEL_MS = 3_000;

/** When the run ends (or ended), `Infinity` for never. */
export function endMsOf(run: SimulatedRun): number {
  if (run.failedAtMs !== null) return run.failedAtMs;
  if (run.cancelAskedAtMs !== null) return run.cancelAskedAtMs + CANCEL_MS;
  return run.createdAtMs + run.plan.durationMs;
}

export function hasEnded(run: SimulatedRun, nowMs: number): boolean {
  return nowMs >= endMsOf(run);
}

/** The platform's word. */
export function statusOf(run: SimulatedRun, nowMs: number): string {
  if (run.shownStatus !== null) return run.shownStatus;
  if (!hasEnded(run, nowMs)) return run.cancelAskedAtMs === null ? "running" : "canceling";
  if (run.failedAtMs !== null) return "error";
  return run.cancelAskedAtMs === null ? run.plan.end : "canceled";
}

/** Job name → its state, as the run's page shows it. */
export function executedJobs(run: SimulatedRun, nowMs: number): JsonObject {
  return Object.fromEntries(run.plan.jobs.map((job) => [job.name, {
    ...job.shown,
    status: wordAt(job, run, nowMs),
    needs: [...job.needs],
    outputs: JSON.stringify(publishedBy(job, run, nowMs)),
    steps: job.steps.map((step) => ({ name: step.name, ...step.shown, status: wordAt(step, run, nowMs) })),
  }]));
}

/** The steps that run right now. */
export function runningSteps(run: SimulatedRun, nowMs: number): { name: string; status: string }[] {
  return run.plan.jobs.flatMap((job) => job.steps)
    .map((step) => ({ name: step.name, status: wordAt(step, run, nowMs) }))
    .filter((step) => step.status === "running");
}

/**
 * Everything a step has written so far, line by line.
 *
 * @param skewMs How far the server's clock is ahead.
 */
export function stepLines(run: SimulatedRun, step: PlannedStep, nowMs: number, skewMs: number): Generator<string> {
  const startMs = run.createdAtMs + step.startMs;
  // A step that is skipped, or was never reached, says nothing.
  const stoppedMs = run.failedAtMs ?? run.cancelAskedAtMs ?? Infinity;
  const untilMs = step.end === "skipped" || stoppedMs <= startMs ? -Infinity : Math.min(nowMs, stoppedMs);
  return linesOf(step.commands, step.env, { startMs: startMs + skewMs, untilMs: untilMs + skewMs });
}

function wordAt(span: Span, run: SimulatedRun, nowMs: number): string {
  const cutMs = run.failedAtMs ?? (run.cancelAskedAtMs ?? Infinity);
  const startMs = run.createdAtMs + span.startMs;
  const endMs = run.createdAtMs + span.endMs;
  if (endMs <= cutMs) {
    return nowMs < startMs ? "pending" : nowMs < endMs ? "running" : span.end;
  }
  if (!hasEnded(run, nowMs)) return nowMs < startMs || startMs >= cutMs ? "pending" : "running";
  if (startMs >= cutMs) return "skipped";
  return run.failedAtMs === null ? "canceled" : "error";
}

/** A canceled job publishes nothing. */
function publishedBy(job: PlannedJob, run: SimulatedRun, nowMs: number): Record<string, string> {
  if (wordAt(job, run, nowMs) === "canceled") return {};
  return outputsOf(job.steps.filter((step) => wordAt(step, run, nowMs) === "completed"));
}
