/** The progress of several runs on a terminal: one table, updated in place. */

import type { Clock } from "../../clock.ts";
import type { Output } from "../output.ts";
import { renderWatched, type WatchedRun } from "../render/watched.ts";
import { renderEventLine, renderTimeLeft } from "./run_lines.ts";
import type { RunViewer } from "./run_view.ts";

/** `undefined` where nothing can be updated in place. */
export function startRunTable(output: Output, clock: Clock, names: readonly string[]) {
  if (output.mode !== "text") return undefined;
  /** Each as it is by now: the time of a run that goes on grows. */
  const rows = new Map<string, () => WatchedRun>(
    names.map((name) => [name, () => ({ name, status: "waiting", elapsedMs: null, detail: "" })]),
  );
  const line = output.live(
    clock,
    (columns, height) =>
      renderWatched([...rows.values()].map((row) => row()), { style: output.style, columns, rows: height }),
  );
  if (line === undefined) return undefined;
  const viewerOf = (name: string): RunViewer => {
    const update = (row: () => Omit<WatchedRun, "name">) => {
      rows.set(name, () => ({ name, ...row() }));
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
            const sinceMs = clock.monotonic() - elapsedMs;
            return update(() => ({ status: platformStatus, elapsedMs: clock.monotonic() - sinceMs, detail }));
          }
          case "finished": {
            const { status, durationSeconds } = event.result;
            const elapsedMs = durationSeconds === null ? null : durationSeconds * 1_000;
            return update(() => ({ status, elapsedMs, detail: "" }));
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
