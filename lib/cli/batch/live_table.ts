/** A running batch as a table that is updated in place, and its keys. */

import { failureGroups } from "../../batches/failure_groups.ts";
import { type BatchTable, type BatchTableRow, type BatchTableView, renderBatchTable } from "../render/batch_table.ts";
import { parseKeys, viewAfterKey } from "../tracking/batch_keys.ts";
import { estimateEnd } from "./estimate_end.ts";
import type { RowState } from "./row_states.ts";
import { type BatchViewer, noteOf, type ViewCall, type ViewParts } from "./viewer.ts";

/** Grouping thousands of failures and estimating the end take a while: not for each of many events. */
const SUMMARY_MS = 2_000;
const MAX_NOTES = 3;

export function liveTable(
  { context, output, deps: { clock } }: ViewCall,
  { batch, states, control, onJobsKey, detach }: ViewParts,
): BatchViewer {
  const startMs = clock.monotonic();
  let notes: readonly string[] = [];
  let polledAtMs: number | null = null;
  let isConnectionLost = false;
  let view: BatchTableView = { shows: "changed", scroll: 0 };
  let table: BatchTable = { text: "", maxScroll: 0, pageSize: 0 };
  let summary = { atMs: -Infinity, groups: failureGroups([]), estimate: estimateEnd(states, clock.now(), control) };
  const summarize = () => {
    if (clock.monotonic() - summary.atMs < SUMMARY_MS) return summary;
    const groups = failureGroups(states.all());
    return { atMs: clock.monotonic(), groups, estimate: estimateEnd(states, clock.now(), control) };
  };
  const line = output.live(clock, (columns, rows) => {
    summary = summarize();
    const nowMs = clock.now();
    table = renderBatchTable({
      name: batch.name,
      rows: states.all().map((state) => tableRow(state, nowMs)),
      elapsedMs: clock.monotonic() - startMs,
      estimate: summary.estimate,
      ageMs: polledAtMs === null ? null : Math.max(0, nowMs - polledAtMs),
      isConnectionLost,
      jobs: control.jobs,
      notes,
      failureGroups: summary.groups,
      view,
    }, { columns, rows, style: output.style });
    return table.text;
  });
  const keys = context.onKeys?.((text) => {
    for (const key of parseKeys(text)) {
      if (key === "detach") return detach();
      if (key === "more" || key === "fewer") {
        control.setJobs(control.jobs + (key === "more" ? 1 : -1));
        onJobsKey?.();
      } else view = viewAfterKey(view, key, table);
      line?.draw();
    }
  });
  return {
    show(event) {
      const note = noteOf(event);
      if (note !== undefined) notes = [...notes, note].slice(-MAX_NOTES);
      if (event.type === "polled") polledAtMs = event.atMs;
      if (event.type === "connection-lost") isConnectionLost = true;
      if (event.type === "connection-restored" || event.type === "polled") isConnectionLost = false;
      // Drawn every second: a thousand rows may change in one.
      if (note !== undefined) line?.draw();
    },
    [Symbol.dispose]() {
      keys?.[Symbol.dispose]();
      line?.[Symbol.dispose]();
    },
  };
}

function tableRow(
  { row, label, status, attempt, startedAtMs, seconds, changedAtMs, error }: RowState,
  nowMs: number,
): BatchTableRow {
  const runningMs = startedAtMs === null ? null : Math.max(0, nowMs - startedAtMs);
  return {
    row,
    label,
    status,
    attempt,
    elapsedMs: seconds === null ? (status === "running" ? runningMs : null) : seconds * 1_000,
    changedAtMs: changedAtMs === 0 ? null : changedAtMs,
    detail: error ?? "",
  };
}
