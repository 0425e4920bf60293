/** The progress of several runs on a terminal: one table, updated in place. */

import type { Clock } from "../../clock.ts";
import { formatRunId, type RunId } from "../../run.ts";
import type { Output } from "../output.ts";
import { renderWatched, type WatchedRun } from "../render/watched.ts";
import { renderEventLine, renderTimeLeft } from "./run_lines.ts";
import type { RunViewer } from "./run_view.ts";

interface Row extends WatchedRun {
  /** When `elapsedMs` was observed, if it still grows. */
  readonly shownAtMs: number | null;
}

/** `undefined` where nothing can be updated in place. */
export function startRunTable(output: Output, clock: Clock, runIds: readonly RunId[]) {
  if (output.mode !== "text") return undefined;
  const rows = new Map<string, Row>(
    runIds.map(formatRunId).map((name) => [name, {
      name,
      status: "waiting",
      elapsedMs: null,
      detail: "",
      shownAtMs: null,
    }]),
  );
  const now = (row: Row): WatchedRun => {
    const { elapsedMs, shownAtMs } = row;
    return elapsedMs === null || shownAtMs === null
      ? row
      : { ...row, elapsedMs: elapsedMs + clock.monotonic() - shownAtMs };
  };
  const line = output.live(
    clock,
    (columns, height) => renderWatched([...rows.values()].map(now), { style: output.style, columns, rows: height }),
  );
  if (line === undefined) return undefined;
  const viewerOf = (runId: RunId): RunViewer => {
    const name = formatRunId(runId);
    const update = (parts: Partial<Row>) => {
      const row = rows.get(name);
      if (row !== undefined) rows.set(name, { ...row, ...parts });
      line.draw();
    };
    return {
      show(event) {
        switch (event.type) {
          case "started":
            return;
          case "status": {
            const { status, platformStatus, elapsedMs, position, timeLeft } = event;
            if (status !== "running") return;
            const step = position === null ? [] : [`${position.ordinal}/${position.total} ${position.step}`];
            const detail = [...step, ...(timeLeft === null ? [] : [renderTimeLeft(timeLeft)])].join("  ");
            return update({ status: platformStatus, elapsedMs, detail, shownAtMs: clock.monotonic() });
          }
          case "finished": {
            const { status, durationSeconds } = event.result;
            const elapsedMs = durationSeconds === null ? null : durationSeconds * 1_000;
            return update({ status, elapsedMs, detail: "", shownAtMs: null });
          }
          default: {
            const text = renderEventLine(event);
            if (text !== undefined) output.log("INFO", text.replace(/^/gm, `${name}: `));
          }
        }
      },
      [Symbol.dispose]() {},
    };
  };
  return { viewerOf, [Symbol.dispose]: () => line[Symbol.dispose]() };
}
