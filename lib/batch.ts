/** A batch: many runs from one file or one matrix. */

import type { JsonObject } from "./json.ts";
import type { RunResult } from "./result.ts";

/** One run that a batch wants. */
export interface BatchRow {
  /** From 1, in the order of the file. */
  readonly row: number;
  /** Where it comes from, for messages: `sweep.csv:12`, `cases.yaml:4 rows[2]`. */
  readonly place: string;
  /** The row's own `id`, which recognizes it after an edit; `null` without one. */
  readonly id: string | null;
  /** Names the row to people: its `name`, or the inputs in which it differs from the others. */
  readonly label: string;
  readonly workflow: string;
  /** As the file, its defaults and the options give them: without the form's defaults. */
  readonly inputs: JsonObject;
  /** Display name of the run; `null` for the label. */
  readonly displayName: string | null;
  readonly tags: readonly string[];
  /** Rows that share a lock do not run at the same time. */
  readonly locks: readonly string[];
}

/**
 * `waiting`: not submitted yet. `submitting`: being sent, or its outcome is not known yet. `cancelling`: its run is being
 * cancelled, or its end is not recorded yet. `rejected`: no run was started, for good. The others are those of the row's
 * last run.
 */
export type RowStatus = "waiting" | "submitting" | "rejected" | RunResult["status"] | "running" | "cancelling";

/** Whether a row may still change by itself. */
export function isOpenStatus(status: RowStatus): boolean {
  return status === "waiting" || hasOpenRun(status);
}

/** Whether a row has a run that has not ended, as far as is known, or may have one. */
export function hasOpenRun(status: RowStatus): boolean {
  return status === "submitting" || status === "running" || status === "cancelling";
}

/** An attempt of a row, as lists of a batch show it. */
export interface AttemptRow {
  /** Of the row, if this is its last attempt. */
  readonly status: RowStatus;
  /** `null` on servers without slugs. */
  readonly slug: string | null;
  /** Milliseconds since the epoch; `null` before the run has started. */
  readonly startedAtMs: number | null;
  /** `null` before the run has ended. */
  readonly seconds: number | null;
  /** The first line of what went wrong; `null` when nothing did. */
  readonly error: string | null;
  /** Of the result or the error; `null` while it is open. */
  readonly kind: string | null;
  /** True if it was submitted because the attempt before it failed. */
  readonly isRetry: boolean;
  /** Of the workflow file, as the batch that submitted it read that; absent in a suite. */
  readonly workflowHash?: string;
}

/** What has become of a row: one for each row of the batch, in file order. */
export interface RowResult
  extends Pick<BatchRow, "row" | "label" | "workflow" | "tags">, Omit<AttemptRow, "slug" | "isRetry" | "workflowHash"> {
  /** From 1; 0 before the first submission. */
  readonly attempt: number;
  /** Slug of its last run; `null` without one. */
  readonly run: string | null;
  /** Without the values of secrets. */
  readonly inputs: JsonObject;
  /** Of the run, when it has ended. */
  readonly outputs: JsonObject;
}
