/** Shows the progress of a batch: a table at a terminal, lines elsewhere. */

import { formatDuration } from "../../duration.ts";
import { oneLine } from "../../escape.ts";
import type { PlannedBatch } from "../../batches/plan_batch.ts";
import type { BatchControl, BatchEvent } from "../../runs/batch_task.ts";
import type { Deps } from "../../runs/deps.ts";
import { counted } from "../../text.ts";
import type { Invocation } from "../command.ts";
import type { BatchValues } from "./options.ts";
import type { RowState, RowStates } from "./row_states.ts";

/** Of more rows, only failures have a line of their own. */
const MAX_ROWS_WITH_LINES = 200;
const COUNT_LINE_MS = 60_000;

export interface BatchViewer extends Disposable {
  show(event: BatchEvent): void;
}

interface ViewParts {
  readonly plan: PlannedBatch;
  readonly states: RowStates;
  readonly control: BatchControl;
}

type ViewCall = Invocation<Pick<BatchValues, "progress" | "log">> & { readonly deps: Pick<Deps, "clock"> };

// deno-lint-ignore require-await -- the table is loaded where it is shown
export async function viewBatch(call: ViewCall, parts: ViewParts): Promise<BatchViewer> {
  const { context, values } = call;
  const viewer = values.progress === "none" ? { show() {}, [Symbol.dispose]() {} } : plainViewer(call, parts);
  const { log } = values;
  if (log === undefined) return viewer;
  return {
    show(event) {
      const line = logLine(event, parts);
      if (line !== undefined) context.appendFile(log, `${JSON.stringify(line)}\n`);
      viewer.show(event);
    },
    [Symbol.dispose]: () => viewer[Symbol.dispose](),
  };
}

function plainViewer({ output, deps: { clock } }: ViewCall, { plan, states }: ViewParts): BatchViewer {
  const hasLines = plan.rows.length <= MAX_ROWS_WITH_LINES;
  let countedAtMs = clock.monotonic();
  const print = (text: string) => output.log("INFO", text);
  return {
    show(event) {
      switch (event.type) {
        case "attempt-ended": {
          const state = states.get(event.key);
          const hasFailed = event.end.type === "error" ||
            (event.end.type === "result" && event.end.result.kind !== "completed");
          if (state !== undefined && event.end.type !== "not-submitted" && (hasLines || hasFailed)) {
            print(endLine(state, event, plan.rows.length));
          }
          break;
        }
        case "run":
          if (event.event.type === "started" && hasLines) print(startLine(states.get(event.key)));
          return;
        case "slowed":
          return output.log(
            "WARNING",
            `The server limits runs: ${oneLine(event.reason)}. ${counted(event.jobs, "run")} at once for now`,
          );
        case "connection-lost":
          return output.log("WARNING", `Connection lost, still trying: ${oneLine(event.reason)}`);
        case "connection-restored":
          return print("Connection restored");
        case "stopped":
          if (event.reason === "interrupted") return;
          return output.log(
            "WARNING",
            `Submitting no more runs: ${event.reason}${event.detail === null ? "" : ` (${event.detail})`}`,
          );
        case "polled":
          break;
      }
      if (hasLines || clock.monotonic() - countedAtMs < COUNT_LINE_MS) return;
      countedAtMs = clock.monotonic();
      print(countLine(states));
    },
    [Symbol.dispose]() {},
  };
}

function startLine(state: RowState | undefined): string {
  return state === undefined ? "" : `Row ${state.row}: ${oneLine(state.slug ?? "")} started  ${oneLine(state.label)}`;
}

function endLine(
  { row, label, status, seconds, error }: RowState,
  { attempt, retryAtMs, end }: Extract<BatchEvent, { type: "attempt-ended" }>,
  total: number,
): string {
  const ended = end.type === "result" ? end.result.status : status;
  const took = seconds === null ? "" : ` (${formatDuration(seconds * 1_000)})`;
  const again = retryAtMs === null ? "" : `, attempt ${attempt + 1} follows`;
  const why = error === null || ended === "completed" ? "" : `: ${oneLine(error)}`;
  return `Row ${row}/${total}: ${ended}${took}  ${oneLine(label)}${why}${again}`;
}

function countLine(states: RowStates): string {
  const counts = Map.groupBy(states.all(), ({ status }) => status);
  return [...counts].map(([status, rows]) => `${rows.length.toLocaleString("en-US")} ${status}`).join(", ");
}

/** Enough to rebuild the results: a line per attempt and state. */
function logLine(event: BatchEvent, { plan: { batchId }, states }: ViewParts): object | undefined {
  const isState = event.type === "attempt-ended" ||
    (event.type === "run" && (event.event.type === "submitting" || event.event.type === "started"));
  if (!isState) return undefined;
  const state = states.get(event.key);
  if (state === undefined) return undefined;
  const { row, label, slug, seconds, error, startedAtMs } = state;
  const base = { v: 1, batchId, row, label, key: event.key, attempt: event.attempt, run: slug };
  if (event.type === "run") {
    return { ...base, time: new Date(event.event.atMs).toISOString(), state: event.event.type };
  }
  const { end, retryAtMs } = event;
  const time = new Date(state.changedAtMs).toISOString();
  const started = startedAtMs === null ? null : new Date(startedAtMs).toISOString();
  const outputs = end.type === "result" ? end.result.outputs ?? {} : {};
  const status = end.type === "result" ? end.result.status : end.type === "error" ? "rejected" : "waiting";
  return { ...base, time, state: "ended", status, started, seconds, error, out: outputs, final: retryAtMs === null };
}
