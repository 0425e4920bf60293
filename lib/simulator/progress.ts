/** Computes a run's progress at an instant from its plan and from cancel, update and delete requests. */

import type { JsonObject } from "../json.ts";
import { type PlannedJob, plannedOutputsOf, type PlannedStep, type StepSpan } from "./plan.ts";
import { linesOf } from "./script.ts";
import type { SimulatedRun } from "./state.ts";

/** Time from a cancel request until the run is canceled. */
export const CANCEL_MS = 3_000;

/** When the run ends or ended; `Infinity`: never. */
export function endMsOf(run: SimulatedRun): number {
  if (run.failedAtMs !== null) return run.failedAtMs;
  if (run.cancelRequestedAtMs !== null) return run.cancelRequestedAtMs + CANCEL_MS;
  return run.createdAtMs + run.plan.durationMs;
}

export function hasSimulatedRunEnded(run: SimulatedRun, nowMs: number): boolean {
  return nowMs >= endMsOf(run);
}

/** The status as the platform reports it. */
export function simulatedStatusOf(run: SimulatedRun, nowMs: number): string {
  if (run.statusOverride !== null) return run.statusOverride;
  if (!hasSimulatedRunEnded(run, nowMs)) return run.cancelRequestedAtMs === null ? "running" : "canceling";
  if (run.failedAtMs !== null) return "error";
  return run.cancelRequestedAtMs === null ? run.plan.end : "canceled";
}

/** The `executedJobs` member of a run's details: job states by name. */
export function executedJobsOf(run: SimulatedRun, nowMs: number): JsonObject {
  return Object.fromEntries(run.plan.jobs.map((job) => [job.name, {
    ...job.shown,
    status: statusAt(job, run, nowMs),
    needs: [...job.needs],
    outputs: JSON.stringify(outputsAt(job, run, nowMs)),
    steps: job.steps.map((step) => ({ name: step.name, ...step.shown, status: statusAt(step, run, nowMs) })),
  }]));
}

export function runningSteps(run: SimulatedRun, nowMs: number): { name: string; status: string }[] {
  return run.plan.jobs.flatMap((job) => job.steps)
    .map((step) => ({ name: step.name, status: statusAt(step, run, nowMs) }))
    .filter((step) => step.status === "running");
}

/**
 * The lines that a step has written so far.
 *
 * @param skewMs How far the server's clock is ahead of the simulator's.
 */
export function stepLines(run: SimulatedRun, step: PlannedStep, nowMs: number, skewMs: number): Generator<string> {
  const startMs = run.createdAtMs + step.startMs;
  // A step that is skipped or was never reached writes nothing.
  const stoppedMs = run.failedAtMs ?? run.cancelRequestedAtMs ?? Infinity;
  const untilMs = step.end === "skipped" || stoppedMs <= startMs ? -Infinity : Math.min(nowMs, stoppedMs);
  return linesOf(step.commands, step.env, { startMs: startMs + skewMs, untilMs: untilMs + skewMs });
}

function statusAt(span: StepSpan, run: SimulatedRun, nowMs: number): string {
  const stoppedMs = run.failedAtMs ?? (run.cancelRequestedAtMs ?? Infinity);
  const startMs = run.createdAtMs + span.startMs;
  const endMs = run.createdAtMs + span.endMs;
  if (endMs <= stoppedMs) {
    return nowMs < startMs ? "pending" : nowMs < endMs ? "running" : span.end;
  }
  if (!hasSimulatedRunEnded(run, nowMs)) return nowMs < startMs || startMs >= stoppedMs ? "pending" : "running";
  if (startMs >= stoppedMs) return "skipped";
  return run.failedAtMs === null ? "canceled" : "error";
}

/** Outputs of the steps completed so far; a canceled job has none. */
function outputsAt(job: PlannedJob, run: SimulatedRun, nowMs: number): Record<string, string> {
  if (statusAt(job, run, nowMs) === "canceled") return {};
  return plannedOutputsOf(job.steps.filter((step) => statusAt(step, run, nowMs) === "completed"));
}
