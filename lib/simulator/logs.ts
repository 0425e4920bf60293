/** A run's files: one log per step, rotated when it reaches the size limit. */

import type { PlannedJob, PlannedStep } from "./run_plan.ts";
import { stepLines } from "./progress.ts";
import type { SimulatedRun, SimulatorState } from "./state.ts";

/** The file's text; `null` if it does not exist (yet). */
export function readLogFile(state: SimulatorState, run: SimulatedRun, path: string, nowMs: number): string | null {
  const [, stepPath = "", backup] = /^(.+)\/logs\.out(\.1)?$/.exec(path) ?? [];
  const step = stepAt(run.plan.jobs, stepPath);
  if (step === undefined) return null;
  const log = rotate(stepLines(state, run, step, nowMs), state.behavior().logFileBytes);
  return backup === undefined ? log.current : log.backup;
}

/** The step at `logs/JOB/step_N`, inside a subworkflow at `subworkflows/JOB/step_N/logs/JOB/step_N`. */
function stepAt(jobs: readonly PlannedJob[], path: string): PlannedStep | undefined {
  const [, kind, name, index, rest = ""] = /^(logs|subworkflows)\/([^/]+)\/step_(\d+)(?:\/(.+))?$/.exec(path) ?? [];
  const step = jobs.find((job) => job.name === name)?.steps[Number(index)];
  if (kind === "subworkflows") return stepAt(step?.jobs ?? [], rest);
  return rest === "" ? step : undefined;
}

/** Keeps one backup; older lines are discarded. */
function rotate(
  lines: Iterable<string>,
  limitBytes: number,
): { readonly current: string | null; readonly backup: string | null } {
  const encoder = new TextEncoder();
  let backup: string[] | null = null;
  let current: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    const lineBytes = encoder.encode(line).length + 1;
    if (bytes > 0 && bytes + lineBytes > limitBytes) {
      backup = current;
      current = [];
      bytes = 0;
    }
    current.push(line);
    bytes += lineBytes;
  }
  return { current: textOf(current), backup: backup === null ? null : textOf(backup) };
}

function textOf(lines: readonly string[]): string | null {
  return lines.length === 0 ? null : lines.map((line) => `${line}\n`).join("");
}
