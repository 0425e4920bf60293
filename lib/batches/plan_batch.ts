/** Decides for each row of a batch what is done: kept, attached to, submitted or submitted again. */

import type { Owner } from "../account.ts";
import { hasOpenRun, type RowStatus } from "../batch.ts";
import {
  isLost,
  type PreviousAttempts,
  previousAttempts,
  retryDelayMs,
  type RetryPolicy,
} from "../runs/retry_policy.ts";
import type { Attempt, StoredBatch, StoredRow } from "../store/batch_store.ts";
import type { RunStore } from "../store/run_store.ts";
import { isAbandoned, isOpen, isUnsent, type Submission } from "../submission.ts";
import { canonicalJson } from "../json.ts";
import { sha256 } from "../text.ts";
import { type CheckedRow, hashOf } from "./check_rows.ts";
import { type EarlierRow, type MatchedRow, matchRows } from "./match_rows.ts";

/** Which rows run again although they have ended. */
export type Rerun = "failed" | "cancelled" | "timeout" | "changed" | "all";

/** What the user asked for. */
export interface PlanOptions {
  readonly rerun: readonly Rerun[];
  /** Only these rows; `null` for all. */
  readonly rows: ReadonlySet<number> | null;
  /** Rows that are to run again are also submitted if their run still runs: it is cancelled before. */
  readonly cancelsRunning: boolean;
  /** Of failed rows: those that it covers are submitted again. */
  readonly retry: RetryPolicy;
  /** Submits nothing if one of the rows has completed, unless rows are to run again. */
  readonly isOneEnough: boolean;
}

/** What is done with a row. `keep`: it has ended. `attach`: its run is tracked. */
export type RowAction = "submit" | "attach" | "keep" | "rerun" | "leave";

export interface PlannedRow extends MatchedRow<CheckedRow> {
  /** Identifies its submissions: that of an earlier version whose run still runs. */
  readonly key: string;
  readonly action: RowAction;
  /** Its last attempt; `null` without one, and for one that is to be submitted again. */
  readonly attempt: Attempt | null;
  readonly previous: PreviousAttempts;
  /** A run to cancel before it is submitted again; `null` for none. */
  readonly cancel: Submission | null;
}

export type PlannedBatch = Awaited<ReturnType<typeof planBatch>>;

const MAX_NAME_LENGTH = 32;

/** Of a batch: its name, the host and the user identify it, and nothing of its content. */
async function batchIdOf(name: string, { host, user }: Owner): Promise<string> {
  const start = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "").slice(0, MAX_NAME_LENGTH);
  const hash = await sha256(canonicalJson([name, host, user.toLowerCase()]));
  return `${start === "" ? "batch" : start}-${hash.slice(0, 8)}`;
}

/** @throws StorageError when the store cannot be read. */
export async function planBatch(
  store: Pick<RunStore, "batches" | "getMany">,
  { name, owner, rows: checked }: Pick<StoredBatch, "name" | "owner"> & { readonly rows: readonly CheckedRow[] },
  options: PlanOptions,
) {
  const batchId = await batchIdOf(name, owner);
  /** `null` if the batch is new. */
  const earlier = await store.batches.get(batchId) ?? null;
  const stored = earlier === null ? [] : await store.batches.rows(earlier);
  const attempts = Map.groupBy(await store.batches.attempts(batchId), ({ rowKey }) => rowKey);
  const earlierRows = stored.map((row) => ({ ...row, status: statusOf(attempts.get(row.key)) }));
  const { rows: matched, gone } = matchRows(checked, earlierRows);
  const planned = await Array.fromAsync(withKeys(matched), (row) => planRow(store, row, attempts, options));
  const hasEnough = options.isOneEnough && options.rerun.length === 0 &&
    planned.some(({ action, attempt }) => action === "keep" && attempt?.status === "completed");
  const rows = planned.map((row): PlannedRow => hasEnough && isSubmitted(row) ? { ...row, action: "leave" } : row);
  return { batchId, name, earlier, rows, gone, hasEnough };
}

export function isSubmitted({ action }: Pick<PlannedRow, "action">): boolean {
  return action === "submit" || action === "rerun";
}

/** Rows with equal inputs are numbered as they are in the file, but one that is recognized keeps its key, and its run. */
async function* withKeys(matched: readonly MatchedRow<CheckedRow>[]) {
  const isHeld = (one: MatchedRow) => one.decision === "kept" || openVersion(one) !== null;
  const taken = new Set(matched.filter(isHeld).map(({ earlier }) => earlier?.key));
  for (const one of matched) {
    const kept = one.decision === "kept" ? one.earlier?.key : undefined;
    let key = kept ?? one.row.key;
    while (kept === undefined && taken.has(key)) key = await hashOf(key);
    taken.add(key);
    yield { ...one, row: { ...one.row, key } };
  }
}

/** A row as it was before an edit, if it may have a run that has not ended. */
function openVersion({ decision, earlier }: MatchedRow): EarlierRow | null {
  return decision === "changed" && earlier !== null && hasOpenRun(earlier.status) ? earlier : null;
}

async function planRow(
  store: Pick<RunStore, "getMany">,
  matched: MatchedRow<CheckedRow>,
  attempts: ReadonlyMap<string, readonly Attempt[]>,
  { rerun, rows, cancelsRunning, retry }: PlanOptions,
): Promise<PlannedRow> {
  const { row } = matched;
  const isWanted = rows === null || rows.has(row.row);
  const version = openVersion(matched);
  // A row that has changed while its run still runs is attached, not submitted beside it, or beside what cannot be cancelled.
  const isReplaced = isWanted && cancelsRunning && version?.status !== "submitting";
  const key = version !== null && !isReplaced ? version.key : row.key;
  const own = attempts.get(key) ?? [];
  const last = own.at(-1);
  // Thousands have completed: nothing more is to be known of these.
  const submissions = last?.status === "completed"
    ? []
    : await store.getMany(own.map(({ submissionId }) => submissionId));
  const previous = previousAttempts(own, submissions);
  const found = { ...matched, key, attempt: last ?? null, previous, cancel: null };
  if (!isWanted) return { ...found, action: "leave" };
  const replaced = version === null || version.key === key ? undefined : attempts.get(version.key)?.at(-1);
  const [cancel = null] = replaced === undefined ? [] : await store.getMany([replaced.submissionId]);
  const base = { ...found, cancel };
  const again = { ...base, action: "rerun", attempt: null, previous: { ...previous, last: null } } as const;
  // No run was started: nothing is repeated.
  if (last === undefined || last.status === "rejected") return { ...again, action: "submit" };
  const isAsked = rerun.some((which) =>
    which === "changed" ? last.workflowHash !== row.workflowHash : isCovered(which, last.status)
  );
  if (previous.unread !== undefined && !isLost(previous)) return { ...again, action: "submit" };
  const submission = submissions.find(({ submissionId }) => submissionId === last.submissionId);
  if (submission !== undefined && isOpen(submission)) {
    const canReplace = submission.state === "active" || isAbandoned(submission);
    if (isAsked && cancelsRunning && canReplace) return { ...again, cancel: submission };
    return { ...base, action: isUnsent(submission) ? "submit" : "attach" };
  }
  if (isAsked) return again;
  const isRetried = submission !== undefined && retryDelayMs(previous.ended, retry, () => 0) !== null;
  return isRetried ? { ...again, previous } : { ...base, action: "keep" };
}

function isCovered(which: Rerun, status: RowStatus): boolean {
  return which === "all" || which === status || (which === "failed" && (status === "rejected" || status === "unknown"));
}

/** Of the last attempt; `waiting` without one. */
export function statusOf(attempts: readonly Attempt[] | undefined): RowStatus {
  return attempts?.at(-1)?.status ?? "waiting";
}

/** As they are stored: with those that are no longer in the file, which an edit may bring back. */
export function storedRows(plan: PlannedBatch, earlierRows: readonly StoredRow[]): readonly StoredRow[] {
  const rows = plan.rows.map(({ row: checked, key, earlier }): StoredRow => {
    const { row, id, label, workflow, tags, inputs, contentHash } = checked;
    if (earlier !== null && key !== checked.key) {
      const { status: _, ...version } = earlier;
      return { ...version, row, tags: checked.tags, isInFile: true };
    }
    return { key, row, id, label, workflow, tags, inputs, contentHash, isInFile: true };
  });
  const keys = new Set(rows.map(({ key }) => key));
  return [...rows, ...earlierRows.filter(({ key }) => !keys.has(key)).map((row) => ({ ...row, isInFile: false }))];
}

/** How many ended rows were run with an earlier version of their workflow, by workflow. */
export function changedWorkflows({ rows }: PlannedBatch): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { action, row: { workflow, workflowHash }, attempt } of rows) {
    if (action !== "keep" || attempt?.workflowHash === workflowHash) continue;
    counts.set(workflow, (counts.get(workflow) ?? 0) + 1);
  }
  return counts;
}
