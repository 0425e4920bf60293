/** A batch as a report: each row is a case, the inputs in which rows differ are its parameters. Pure. */

import type { RowResult } from "../batch.ts";
import { PLAIN_CASE, type Report, reportAttempt, type ReportCase, type Verdict } from "../reports/report.ts";
import { isFailure } from "./failure_groups.ts";
import { differingValues, leavesOf } from "./labels.ts";
import type { LoadedRow } from "./load_results.ts";

const VERDICT_OF_STATUS = {
  "completed": "passed",
  "failed": "failed",
  "timeout": "failed",
  "cancelled": "not-judged",
  "rejected": "error",
  "unknown": "error",
  "waiting": "not-run",
  "submitting": "not-judged",
  "running": "not-judged",
  "cancelling": "not-judged",
} as const satisfies Record<RowResult["status"], Verdict>;

export interface BatchFacts extends Pick<Report, "platformUrl"> {
  readonly name: string;
  /** `null` if it did not run in this process: its rows decide. */
  readonly exitCode: number | null;
}

export function reportBatch({ name, platformUrl, exitCode }: BatchFacts, rows: readonly LoadedRow[]): Report {
  const parameters = differingValues(rows.map(({ inputs }) => leavesOf(inputs)));
  const starts = rows.flatMap(({ startedAtMs }) => startedAtMs ?? []);
  const ends = rows.flatMap(({ startedAtMs, seconds }) =>
    startedAtMs === null || seconds === null ? [] : [startedAtMs + 1_000 * seconds]
  );
  return {
    kind: "batch",
    title: name,
    platformUrl,
    startedAtMs: starts.length === 0 ? null : Math.min(...starts),
    endedAtMs: ends.length === 0 ? null : Math.max(...ends),
    environment: null,
    shard: null,
    exitCode: exitCode ?? Number(rows.some(({ status }) => status !== "completed")),
    cases: rows.map((row, index) => caseOf(row, name, Object.fromEntries(parameters[index] ?? []))),
  };
}

function caseOf(row: LoadedRow, batch: string, parameters: Record<string, string>): ReportCase {
  const { status, error, result, run, inputs, workflow, tags } = row;
  const verdict = VERDICT_OF_STATUS[status];
  const attempt = result === null
    ? []
    : [reportAttempt({ slug: run, isAttached: false }, { type: "result", result }, verdict === "passed" ? 0 : 1)];
  return {
    ...PLAIN_CASE,
    id: `row-${row.row}`,
    name: `${row.row}. ${row.label}`,
    suite: batch,
    workflow,
    tags,
    parameters,
    inputs,
    verdict,
    isFailure: isFailure(status),
    reason: verdict === "passed" ? null : error ?? status,
    attempts: attempt,
  };
}
