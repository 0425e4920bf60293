/** Shows the progress of a batch: a table at a terminal, lines elsewhere. */

import { osErrorReason } from "../../os_error.ts";
import type { BatchEvent } from "../../runs/batch_task.ts";
import { countLine, endLine, isCountLineDue, noteOf } from "../render/batch_lines.ts";
import { estimateEnd } from "./estimate_end.ts";
import type { BatchViewer, ViewCall, ViewParts } from "./live_table.ts";
import { endParts } from "./row_states.ts";

/** Also appends to the log that was asked for. */
export async function viewBatch(call: ViewCall, parts: ViewParts) {
  const { context, output, values: { progress = "auto", log } } = call;
  const isCi = !["", "false", "0"].includes(context.env("CI") ?? "");
  const hasTable = progress === "table" || (progress === "auto" && output.hasLiveLines && !isCi);
  const viewer = progress === "none" || output.mode !== "text" && !hasTable
    ? { show() {}, [Symbol.dispose]() {} }
    : hasTable
    ? (await import("./live_table.ts")).liveTable(call, parts)
    : plainViewer(call, parts);
  let hasLogFailed = false;
  return {
    show(event: BatchEvent): void {
      const line = log === undefined || hasLogFailed ? undefined : logLine(event, parts);
      try {
        if (log !== undefined && line !== undefined) context.appendFile(log, `${JSON.stringify(line)}\n`);
      } catch (error) {
        const reason = osErrorReason(error);
        if (reason === undefined) throw error;
        hasLogFailed = true;
        output.log("WARNING", `Cannot write ${log}: ${reason}; continuing without it`);
      }
      viewer.show(event);
    },
    /** Whether lines are missing from the log. */
    hasLogFailed: () => hasLogFailed,
    [Symbol.dispose]: () => viewer[Symbol.dispose](),
  };
}

function plainViewer({ output, deps: { clock } }: ViewCall, { states, control }: ViewParts): BatchViewer {
  const rowCount = states.all().length;
  let countedAtMs = clock.now();
  return {
    show(event) {
      const note = noteOf(event);
      if (note !== undefined) return output.log("WARNING", note);
      if (event.type === "attempt-ended") {
        const { key, attempt, end, retryAtMs } = event;
        const state = states.get(key);
        // As it ended, also if it is to be submitted again.
        const line = state === undefined || end.type === "not-submitted"
          ? undefined
          : endLine({ ...state, attempt, ...endParts(end) }, { rowCount });
        const again = retryAtMs === null ? "" : `; attempt ${attempt + 1} follows`;
        if (line !== undefined) output.log("INFO", line + again);
      }
      const nowMs = clock.now();
      if (!isCountLineDue({ rowCount, lastAtMs: countedAtMs, nowMs })) return;
      countedAtMs = nowMs;
      output.log("INFO", countLine(states.all(), estimateEnd(states, nowMs, control)));
    },
    [Symbol.dispose]() {},
  };
}

/** Enough to rebuild the results: a line per attempt and state. */
function logLine(event: BatchEvent, { batch: { batchId }, states }: ViewParts): object | undefined {
  const isState = event.type === "attempt-ended" ||
    (event.type === "run" && (event.event.type === "submitting" || event.event.type === "started"));
  const state = isState ? states.get(event.key) : undefined;
  if (!isState || state === undefined) return undefined;
  const { row, label, run, seconds, error, startedAtMs } = state;
  const base = { v: 1, batchId, row, label, key: event.key, attempt: event.attempt, run };
  if (event.type === "run") return { ...base, time: new Date(event.event.atMs).toISOString(), state: event.event.type };
  const { end, retryAtMs } = event;
  const time = new Date(state.changedAtMs).toISOString();
  const started = startedAtMs === null ? null : new Date(startedAtMs).toISOString();
  const outputs = end.type === "result" ? end.result.outputs ?? {} : {};
  const { status } = endParts(end);
  return { ...base, time, state: "ended", status, started, seconds, error, out: outputs, final: retryAtMs === null };
}
