/** What several tables show alike. */

import { oneLine } from "../../escape.ts";
import type { StepPosition } from "../../run.ts";
import { formatPath } from "../../runs/step_tree.ts";
import type { Style } from "../terminal/style.ts";

/** An instant: `2026-01-05 09:00:42`, in UTC. */
export function formatUtc(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace("T", " ");
}

/** A time of the platform; unchanged if it cannot be parsed. */
export function formatPlatformTime(text: string): string {
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? text : formatUtc(atMs);
}

/** Paints a status by its first word. */
export function paintStatus(text: string, style: Style): string {
  switch (/^\w*/.exec(text)?.[0]) {
    case "completed":
      return style.green(text);
    case "failed":
    case "rejected":
      return style.red(text);
    case "running":
      return style.cyan(text);
    default:
      return style.yellow(text);
  }
}

/** `step 2/3 "run mpi"`; inside a subworkflow, `step 2/3 "session_runner › ssh_job › run mpi"`. */
export function renderPosition({ path, step, ordinal, total }: StepPosition): string {
  const name = path.length === 1 ? step : formatPath([...path, step]);
  return `step ${ordinal}/${total} "${oneLine(name)}"`;
}
