/** A running batch as a table that is updated in place, and its keys. */

import { failureGroups } from "../../batches/failure_groups.ts";
import type { BatchControl, BatchEvent } from "../../runs/batch_task.ts";
import type { Deps } from "../../runs/deps.ts";
import type { StoredBatch } from "../../store/batch_store.ts";
import type { Invocation } from "../command.ts";
import { noteOf } from "../render/batch_lines.ts";
import { type BatchTable, type BatchTableView, renderBatchTable } from "../render/batch_table.ts";
import { estimateEnd } from "./estimate_end.ts";
import type { BatchValues } from "./options.ts";
import type { RowStates } from "./row_states.ts";

export interface BatchViewer extends Disposable {
  show(event: BatchEvent): void;
}

export interface ViewParts {
  readonly batch: Pick<StoredBatch, "name" | "batchId">;
  readonly states: RowStates;
  readonly control: BatchControl;
  /** Called when a key has changed how many runs at once. */
  readonly onJobsKey?: () => void;
  /** Ends the wait; the runs continue. */
  readonly detach: () => void;
}

export type ViewCall = Invocation<Pick<BatchValues, "progress" | "log">> & { readonly deps: Pick<Deps, "clock"> };

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
  const summarize = () => ({
    atMs: clock.monotonic(),
    failureGroups: failureGroups(states.all()),
    estimate: estimateEnd(states, clock.now(), control),
  });
  let summary = summarize();
  const line = output.live(clock, (columns, rows) => {
    if (clock.monotonic() - summary.atMs >= SUMMARY_MS) summary = summarize();
    const nowMs = clock.now();
    table = renderBatchTable({
      ...summary,
      name: batch.name,
      rows: states.all(),
      nowMs,
      elapsedMs: clock.monotonic() - startMs,
      ageMs: polledAtMs === null ? null : nowMs - polledAtMs,
      isConnectionLost,
      jobs: control.jobs,
      notes,
      view,
    }, { columns, rows, style: output.style });
    return table.text;
  });
  const keys = line && context.onKeys?.((text) => {
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
      if (event.type === "connection-restored") isConnectionLost = false;
      // Drawn every second: a thousand rows may change in one.
      if (note !== undefined) line?.draw();
    },
    [Symbol.dispose]() {
      keys?.[Symbol.dispose]();
      line?.[Symbol.dispose]();
    },
  };
}

const key = <Key extends string>(key: Key, ...sent: readonly string[]) => ({ key, sent });

const KEYS = [
  key("up", "\u001b[A", "\u001bOA", "k"),
  key("down", "\u001b[B", "\u001bOB", "j"),
  key("page-up", "\u001b[5~"),
  key("page-down", "\u001b[6~", " "),
  key("home", "\u001b[H", "\u001bOH", "\u001b[1~"),
  key("end", "\u001b[F", "\u001bOF", "\u001b[4~"),
  key("failed", "f"),
  key("more", "+", "="),
  key("fewer", "-"),
  key("detach", "q"),
];

export type BatchKey = (typeof KEYS)[number]["key"];

/** The keys in what a terminal sent at once; others are ignored. */
export function parseKeys(text: string): readonly BatchKey[] {
  // deno-lint-ignore no-control-regex -- an escape sequence starts with one
  const parts = text.match(/\u001b(?:\[[\d;]*[A-Za-z~]|O[A-Za-z])|[^\u001b]/gu) ?? [];
  return parts.flatMap((part) => KEYS.find(({ sent }) => sent.includes(part))?.key ?? []);
}

/** The view after a key; the same for keys that do not change it. */
export function viewAfterKey(
  view: BatchTableView,
  key: BatchKey,
  { maxScroll, pageSize }: Pick<BatchTable, "maxScroll" | "pageSize">,
): BatchTableView {
  const by = { up: -1, down: 1, "page-up": -pageSize, "page-down": pageSize, home: -Infinity, end: Infinity };
  if (key === "failed") return { shows: view.shows === "failed" ? "changed" : "failed", scroll: 0 };
  if (key === "more" || key === "fewer" || key === "detach") return view;
  return { ...view, scroll: Math.min(maxScroll, Math.max(0, view.scroll + by[key])) };
}
