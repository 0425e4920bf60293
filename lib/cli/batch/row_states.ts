/** The rows of a running batch, as far as its events tell. */

import type { RowStatus } from "../../batch.ts";
import type { BatchEvent, TaskEnd } from "../../runs/batch_task.ts";
import { firstErrorOf, firstLine } from "../../result.ts";

export interface RowState {
  readonly key: string;
  readonly row: number;
  readonly label: string;
  readonly attempt: number;
  readonly status: RowStatus;
  readonly slug: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number | null;
  readonly seconds: number | null;
  readonly error: string | null;
  readonly kind: string | null;
  /** Milliseconds since the epoch, of the last change; 0 before the first. */
  readonly changedAtMs: number;
}

export interface RowStates {
  /** In file order. */
  all(): readonly RowState[];
  get(key: string): RowState | undefined;
  running(): readonly RowState[];
  apply(event: BatchEvent, nowMs: number): void;
}

export function createRowStates(
  rows: readonly Pick<RowState, "key" | "row" | "label" | "attempt" | "status">[],
): RowStates {
  const nothing = { slug: null, startedAtMs: null, seconds: null, error: null, kind: null, changedAtMs: 0 };
  const states = new Map<string, RowState>(rows.map((row) => [row.key, { ...row, ...nothing }]));
  const update = (key: string, nowMs: number, parts: Partial<RowState>) => {
    const state = states.get(key);
    if (state !== undefined) states.set(key, { ...state, ...parts, changedAtMs: nowMs });
  };
  return {
    all: () => [...states.values()],
    get: (key) => states.get(key),
    running: () => [...states.values()].filter(({ status }) => status === "running"),
    apply(event, nowMs) {
      if (event.type === "attempt-ended") {
        const { key, attempt, end, retryAtMs } = event;
        return update(key, nowMs, { attempt, ...endParts(end), ...(retryAtMs === null ? {} : { status: "waiting" }) });
      }
      if (event.type !== "run") return;
      const { key, attempt, event: inner } = event;
      if (inner.type === "submitting") {
        return update(key, nowMs, { attempt, ...nothing, status: "submitting", slug: inner.slug });
      }
      if (inner.type === "started") {
        update(key, nowMs, { attempt, status: "running", slug: inner.slug, startedAtMs: inner.atMs });
      }
    },
  };
}

function endParts(end: TaskEnd): Partial<RowState> {
  switch (end.type) {
    case "result": {
      const { status, durationSeconds: seconds, slug, kind } = end.result;
      return { status, seconds, slug, kind, error: firstErrorOf(end.result) };
    }
    case "error":
      return { status: "rejected", error: firstLine(end.error.message), kind: end.error.kind };
    case "not-submitted":
      return { status: "waiting" };
    case "open":
      return {};
  }
}
