/** A run's files: one log per step, rotated when it reaches the size limit. */

import { stepLines } from "./progress.ts";
import type { SimulatedRun, SimulatorState } from "./state.ts";

/** The file's text; `null` if it does not exist (yet). */
export function readLogFile(state: SimulatorState, run: SimulatedRun, path: string, nowMs: number): string | null {
  const [, jobName, index, isBackup] = /^logs\/([^/]+)\/step_(\d+)\/logs\.out(\.1)?$/.exec(path) ?? [];
  const step = run.plan.jobs.find((job) => job.name === jobName)?.steps[Number(index)];
  if (step === undefined) return null;
  const { clockSkewMs, logFileBytes } = state.behavior();
  const { current, backup } = rotate(stepLines(run, step, nowMs, clockSkewMs), logFileBytes);
  return isBackup === undefined ? current : backup;
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
