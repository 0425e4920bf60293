/** The rows of a running batch, as its events show them. */

import type { RowResult } from "../../batch.ts";
import { Unsupported } from "../../errors.ts";
import type { BatchEvent } from "../../runs/batch_task.ts";
import type { TaskEnd } from "../../runs/retry_policy.ts";
import { firstErrorOf, firstLine, type Submitted } from "../../result.ts";

export interface RowState extends Omit<RowResult, "workflow" | "tags" | "inputs" | "outputs"> {
  readonly key: string;
  /** Milliseconds since the epoch, of the last change; 0 before the first. */
  readonly changedAtMs: number;
}

export type RowStates = ReturnType<typeof createRowStates>;

/** A row before the first event: what is known of its last attempt. */
export type InitialRow = Pick<RowState, "key" | "row" | "label" | "attempt" | "status"> & Partial<RowState>;

export function createRowStates(rows: readonly InitialRow[]) {
  const nothing = { run: null, startedAtMs: null, seconds: null, error: null, kind: null, changedAtMs: 0 };
  const states = new Map<string, RowState>(rows.map((row) => [row.key, { ...nothing, ...row }]));
  const update = (key: string, nowMs: number, parts: Partial<RowState>) => {
    const state = states.get(key);
    if (state !== undefined) states.set(key, { ...state, ...parts, changedAtMs: nowMs });
  };
  const submitted = new Map<string, Submitted>();
  // Each attempt counts.
  const note = (key: string, outcome: Submitted) => {
    if (submitted.get(key) !== "yes") submitted.set(key, outcome);
  };
  return {
    update,
    /** In file order. */
    all: (): readonly RowState[] => [...states.values()],
    get: (key: string) => states.get(key),
    /** Whether the events started a run of this row; without a key, of any row. */
    submitted(key?: string): Submitted {
      if (key !== undefined) return submitted.get(key) ?? "no";
      const outcomes = [...submitted.values()];
      return (["yes", "unknown"] as const).find((outcome) => outcomes.includes(outcome)) ?? "no";
    },
    apply(event: BatchEvent, nowMs: number): void {
      if (event.type === "attempt-ended") {
        const { key, attempt, end, retryAtMs } = event;
        if (end.type === "result") note(key, end.result.submitted);
        if (end.type === "error") note(key, end.error.submitted);
        return update(key, nowMs, { attempt, ...endParts(end), ...(retryAtMs === null ? {} : { status: "waiting" }) });
      }
      if (event.type !== "run") return;
      const { key, attempt, event: inner } = event;
      if (inner.type === "submitting") {
        note(key, "unknown");
        return update(key, nowMs, { attempt, ...nothing, status: "submitting", run: inner.slug });
      }
      if (inner.type === "started") {
        note(key, inner.isAttached ? "no" : "yes");
        update(key, nowMs, { attempt, status: "running", run: inner.slug, startedAtMs: inner.atMs });
      }
    },
  };
}

/** @throws Unsupported without a slug: then the server has the legacy API. */
export function cancellableRun({ row, run }: Pick<RowState, "row" | "run">) {
  if (run !== null) return { type: "slug", slug: run } as const;
  const message = `Cannot cancel the run of row ${row}: this server has the legacy API, which does not support it`;
  throw new Unsupported(message, { hint: "Cancel it in the web interface" });
}

/** What the end of an attempt changes in its row. */
export function endParts(end: TaskEnd): Partial<RowState> {
  switch (end.type) {
    case "result": {
      const { status, durationSeconds: seconds, slug: run, kind } = end.result;
      return { status, seconds, run, kind, error: firstErrorOf(end.result) };
    }
    case "error":
      return { status: "rejected", error: firstLine(end.error.message), kind: end.error.kind };
    case "not-submitted":
      return { status: "waiting" };
    case "open":
      return {};
  }
}
