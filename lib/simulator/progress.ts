/** A run at an instant: its progress, logs and JSON, from its plan and from cancel, update and delete requests. */

import type { JsonObject } from "../json.ts";
import { substituteExpressions } from "./expressions.ts";
import { linesOf, type PlannedJob, plannedOutputsOf, type PlannedStep, type StepSpan } from "./scenario.ts";
import { formatServerTime, type SimulatedRun, type SimulatorState } from "./state.ts";

/** Time from a cancel request until the run is canceled. */
const CANCEL_MS = 3_000;

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

/** The `executedJobs` member of a run's details, and of a subworkflow: job states by name. */
export function executedJobsOf(jobs: readonly PlannedJob[], run: SimulatedRun, nowMs: number): JsonObject {
  return Object.fromEntries(jobs.map((job) => [job.name, {
    ...job.shown,
    status: statusAt(job, run, nowMs),
    needs: [...job.needs],
    outputs: JSON.stringify(outputsAt(job, run, nowMs)),
    steps: job.steps.map((step) => stepJson(step, run, nowMs)),
  }]));
}

function stepJson(step: PlannedStep, run: SimulatedRun, nowMs: number): JsonObject {
  const annotations = nowMs < run.createdAtMs + step.endMs ? [] : annotationsOf(step);
  return {
    ...step.shown,
    status: statusAt(step, run, nowMs),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(step.jobs === null ? {} : { subworkflow: { jobs: executedJobsOf(step.jobs, run, nowMs) } }),
  };
}

/** Log lines like `::error title=Compilation::no such file`. */
function annotationsOf({ script, scope }: PlannedStep): JsonObject[] {
  const lines = (script?.lines ?? []).map(({ text }) => /^::(error|warning|notice)\b.*?::(.*)$/s.exec(text));
  return lines.flatMap((match) =>
    match === null ? [] : [{ type: match[1] ?? "", message: substituteExpressions(match[2] ?? "", scope) }]
  );
}

export function runningSteps(run: SimulatedRun, nowMs: number): { name: string; status: string }[] {
  return run.plan.jobs.flatMap((job) => job.steps)
    .map((step) => ({ name: step.label, status: statusAt(step, run, nowMs) }))
    .filter((step) => step.status === "running");
}

/** The lines that a step has written so far. A step that is skipped or was never reached writes nothing. */
function* stepLines(state: SimulatorState, run: SimulatedRun, step: PlannedStep, nowMs: number) {
  const startMs = run.createdAtMs + step.startMs;
  const stoppedMs = run.failedAtMs ?? run.cancelRequestedAtMs ?? Infinity;
  const untilMs = Math.min(nowMs, stoppedMs, run.createdAtMs + step.endMs);
  if (step.end === "skipped" || step.jobs !== null || stoppedMs <= startMs || nowMs < startMs) return;
  if (step.script === null) return void (yield "(simulated: a script is not executed, and takes one second)");
  const serverTime = (atMs: number) => formatServerTime(state, atMs);
  yield* linesOf(step.script, step.scope, { startMs, untilMs, serverTime });
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

/** The file's text; `null` if it does not exist (yet). */
export function readLogFile(state: SimulatorState, run: SimulatedRun, path: string, nowMs: number): string | null {
  const [, stepPath = "", backup] = /^(.+)\/logs\.out(\.1)?$/.exec(path) ?? [];
  const step = stepAt(run.plan.jobs, stepPath);
  if (step === undefined) return null;
  const files = rotate(stepLines(state, run, step, nowMs), state.behavior().logFileBytes);
  const lines = files.at(backup === undefined ? -1 : -2) ?? [];
  return lines.length === 0 ? null : lines.map((line) => `${line}\n`).join("");
}

/** The step at `logs/JOB/step_N`, inside a subworkflow at `subworkflows/JOB/step_N/logs/JOB/step_N`. */
function stepAt(jobs: readonly PlannedJob[], path: string): PlannedStep | undefined {
  const [, kind, name, index, rest = ""] = /^(logs|subworkflows)\/([^/]+)\/step_(\d+)(?:\/(.+))?$/.exec(path) ?? [];
  const step = jobs.find((job) => job.name === name)?.steps[Number(index)];
  if (kind === "subworkflows") return stepAt(step?.jobs ?? [], rest);
  return rest === "" ? step : undefined;
}

/** The lines of a backup and of the current file; older lines are discarded. */
function rotate(lines: Iterable<string>, limitBytes: number): readonly (readonly string[])[] {
  const encoder = new TextEncoder();
  let files: readonly string[][] = [[]];
  let bytes = 0;
  for (const line of lines) {
    const lineBytes = encoder.encode(line).length + 1;
    if (bytes > 0 && bytes + lineBytes > limitBytes) {
      files = [...files.slice(-1), []];
      bytes = 0;
    }
    files.at(-1)?.push(line);
    bytes += lineBytes;
  }
  return files;
}

/** An item of the list of runs: without jobs. */
export function simulatedRunJson(state: SimulatorState, run: SimulatedRun, nowMs: number): JsonObject {
  const workflow = run.workflow ?? "inline";
  return {
    id: run.id,
    slug: run.slug,
    number: run.number,
    user: run.user,
    status: simulatedStatusOf(run, nowMs),
    workflowName: workflow,
    workflowSlug: workflow,
    inlineRun: run.workflow === null,
    marketplace: workflow.startsWith("marketplace."),
    // The contract does not declare it, but the platform sends it.
    newExecutor: true,
    createdAt: formatServerTime(state, run.createdAtMs),
    // The platform writes `createdAt` in milliseconds and `completedAt` in nanoseconds.
    ...(hasSimulatedRunEnded(run, nowMs)
      ? { completedAt: formatServerTime(state, endMsOf(run)).replace("Z", "000000Z") }
      : {}),
    ...(run.displayName === null ? {} : { displayName: run.displayName }),
    ...(run.statusReason === null ? {} : { statusReason: run.statusReason }),
  };
}

export function submitResponse(run: JsonObject, sessions: SimulatedRun["sessions"]) {
  return { run, redirect: sessions.find((session) => session.isRedirect)?.name };
}

export function runDetailJson(state: SimulatorState, run: SimulatedRun, nowMs: number): JsonObject {
  const redirect = run.sessions.find((session) => session.isRedirect);
  return {
    ...simulatedRunJson(state, run, nowMs),
    executedJobs: executedJobsOf(run.plan.jobs, run, nowMs),
    inputs: run.inputs,
    links: {},
    resolvedYaml: run.yaml,
    ...(redirect === undefined ? {} : { redirect: { kind: "session", name: redirect.name } }),
  };
}
