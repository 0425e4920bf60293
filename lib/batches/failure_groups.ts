/** Rows that failed for the same reason. */

import type { RowResult, RowStatus } from "../batch.ts";
import { firstLine } from "../result.ts";
import { normalizedMessage } from "../text.ts";
import { formatRows } from "./row_numbers.ts";

export type FailureGroup = ReturnType<typeof failureGroups>[number];

const FAILURES: ReadonlySet<RowStatus> = new Set(["failed", "rejected", "timeout", "unknown"]);

export function isFailure(status: RowStatus): boolean {
  return FAILURES.has(status);
}

/** The largest group first; `error` has `…` for what differs between its rows, like a number or the name of a node. */
export function failureGroups(results: readonly Pick<RowResult, "row" | "status" | "run" | "error">[]) {
  const failed = results.filter(({ status }) => isFailure(status));
  const groups = Map.groupBy(failed, (result) => normalizedMessage(reasonOf(result), [result.run ?? []].flat()));
  return [...groups].map(([normalized, members]) => {
    const texts = new Set(members.map(reasonOf));
    const [only = normalized] = texts;
    return { error: texts.size === 1 ? only : normalized, rows: members.map(({ row }) => row).sort((a, b) => a - b) };
  }).sort((a, b) => b.rows.length - a.rows.length || (a.rows[0] ?? 0) - (b.rows[0] ?? 0));
}

/** `41 × "license not available" (rows 3, 7–12, …)`, with at most this many numbers and ranges. */
export function failureGroupText({ error, rows }: FailureGroup, maxParts?: number): string {
  return `${rows.length} \u00d7 "${error}" (${rows.length === 1 ? "row" : "rows"} ${formatRows(rows, maxParts)})`;
}

function reasonOf({ error, status }: Pick<RowResult, "error" | "status">): string {
  return firstLine(error ?? "").trimEnd() || `${status}, without an error message`;
}
