import { estimateDurations, quantileMs } from "../../runs/durations.ts";
import type { BatchControl } from "../../runs/batch_task.ts";
import type { EstimatedEnd } from "../render/batch_lines.ts";
import type { RowStates } from "./row_states.ts";

/** Fewer ends are no basis for an estimate. */
const MIN_ENDS = 5;
/** The latest are the most alike. */
const MAX_ENDS = 50;

/**
 * When the batch will have ended, as likely as not and nine times of ten. Runs that have not ended count by their age:
 * otherwise a young batch would seem as fast as its first rows to end. `null` before five have ended.
 *
 * @param control How many run at once, and whether what waits will be submitted at all.
 */
export function estimateEnd(
  states: Pick<RowStates, "all">,
  nowMs: number,
  { jobs, stopped }: Pick<BatchControl, "jobs" | "stopped">,
): EstimatedEnd | null {
  const rows = states.all();
  const endedMs = rows.filter(({ status }) => status === "completed" || status === "failed")
    .toSorted((a, b) => b.changedAtMs - a.changedAtMs).flatMap(({ seconds }) =>
      seconds === null ? [] : [seconds * 1_000]
    )
    .slice(0, MAX_ENDS);
  if (endedMs.length < MIN_ENDS) return null;
  const agesMs = rows.filter(({ status }) => status === "running")
    .map(({ startedAtMs }) => nowMs - (startedAtMs ?? nowMs));
  const waiting =
    rows.filter(({ status }) => status === "submitting" || (status === "waiting" && stopped === null)).length;
  const estimate = estimateDurations({ endedMs, censoredMs: agesMs });
  if (estimate === undefined || agesMs.length + waiting === 0) return null;
  const atOnce = Math.max(1, Math.min(jobs, agesMs.length + waiting));
  const left = (share: number) => {
    const running = agesMs.map((ageMs) => Math.max(0, quantileMs(estimate, share, ageMs) - ageMs));
    const total = running.reduce((sum, durationMs) => sum + durationMs, 0) + waiting * quantileMs(estimate, share);
    // The last run to end does not get shorter with more at once.
    return Math.max(total / atOnce, ...running);
  };
  return { p50Ms: left(0.5), p90Ms: left(0.9) };
}
