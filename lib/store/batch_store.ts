/** What is stored of a batch or a suite beside its submissions: its rows, and what other processes want of it. */

import type { Owner } from "../account.ts";
import { type AttemptRow, hasOpenRun } from "../batch.ts";
import { chunksByLength } from "../chunks.ts";
import type { JsonObject } from "../json.ts";
import { isDamaged, ownerKey, SESSION_PREFIX, type StoredSubmission } from "./submission_rows.ts";
import { keyPart, type StoreKey } from "./backend.ts";
import { createVersion, deleteRows, inChanges, type Kv } from "./kv.ts";

/** A batch whose rows were checked. */
export interface StoredBatch {
  /** Derived from name and owner. */
  readonly batchId: string;
  /** As the user gave it. */
  readonly name: string;
  /** Whose runs it starts. */
  readonly owner: Owner;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** Milliseconds since the epoch, of the last time that its rows were stored. */
  readonly updatedAtMs: number;
  /** Of those that are in its file. */
  readonly rowCount: number;
  /** Another one each time that its rows are stored: they are below it, apart from those of a process that died. */
  readonly revision: string;
  /** Of a suite: its last call. */
  readonly session?: string;
}

/** A row as it is stored. */
export interface StoredRow {
  /** Identifies it in the batch. */
  readonly key: string;
  /** From 1, in the order of the file that it was read from. */
  readonly row: number;
  /** Its own `id` in the file; `null` without one. */
  readonly id: string | null;
  /** Names it to people. */
  readonly label: string;
  /** By name. */
  readonly workflow: string;
  /** Absent in batches of earlier versions. */
  readonly tags?: readonly string[];
  /** As given, without the values of secrets. */
  readonly inputs: JsonObject;
  /** The same for rows with the same workflow and inputs. */
  readonly contentHash: string;
  /** False once an edit has removed it from the file. */
  readonly isInFile: boolean;
}

/** An attempt of a row. */
export interface Attempt extends AttemptRow {
  /** Of the row. */
  readonly rowKey: string;
  /** From 1. */
  readonly attempt: number;
  /** Its submission. */
  readonly submissionId: string;
}

const LOST = {
  status: "unknown",
  kind: "submit_unknown",
  error: "Its record is damaged, and its run may continue",
} as const;

/** Methods throw StorageError when the store can't be read or written. */
export interface BatchStore {
  /** `undefined` if there is none. */
  get(batchId: string): Promise<StoredBatch | undefined>;
  /** Those of no suite, the latest first. */
  list(): Promise<readonly StoredBatch[]>;
  /** In file order: those of the batch, or newer ones that another process has replaced them with. */
  rows(batch: StoredBatch): Promise<readonly StoredRow[]>;
  /** Replaces the rows of a batch. A reader sees the old or the new ones. */
  put(batch: Omit<StoredBatch, "rowCount" | "revision">, rows: readonly StoredRow[]): Promise<StoredBatch>;
  /** Every attempt of every row: by row, then by attempt. `unknown` is one of which nothing leads to its run any more. */
  attempts(batchId: string): Promise<readonly Attempt[]>;
  /** How many runs at once were asked for last, by any process; `null` if that was never asked for. */
  wantedJobs(batchId: string): Promise<number | null>;
  /** Asks the process that runs the batch, or the next one. */
  setWantedJobs(batchId: string, jobs: number): Promise<void>;
  /**
   * Takes requests from the budget that all processes of a user share.
   *
   * @returns 0 if they were taken; otherwise how long to wait before asking again, milliseconds.
   */
  takeRequests(owner: Owner, request: RequestBudget): Promise<number>;
}

/** A bucket that fills up steadily, and holds a minute's requests. */
export interface RequestBudget {
  /** Taken at once; more than a minute's are taken when it is full. */
  readonly count: number;
  /** How fast it fills up, and how much it holds. */
  readonly perMinute: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

export function createBatchStore(kv: Kv): BatchStore {
  return {
    get: async (batchId) => (await kv.get<StoredBatch>(["batch-plan", keyPart(batchId)])).value ?? undefined,
    async list() {
      const stored = await Array.fromAsync(kv.list<StoredBatch>({ prefix: ["batch-plan"] }), ({ value }) => value);
      return stored.filter(({ batchId }) => !batchId.startsWith(SESSION_PREFIX)).sort((a, b) =>
        b.updatedAtMs - a.updatedAtMs
      );
    },
    async rows(batch) {
      for (let wanted = batch;;) {
        const chunks = await Array.fromAsync(kv.list<readonly StoredRow[]>({ prefix: rowsPrefix(wanted) }));
        const { value: latest } = await kv.get<StoredBatch>(["batch-plan", keyPart(batch.batchId)]);
        // Once they were replaced, they are deleted.
        if (latest === null || latest.revision === wanted.revision) return chunks.flatMap(({ value }) => value);
        wanted = latest;
      }
    },
    async put(batch, rows) {
      const { batchId } = batch;
      const written = { ...batch, rowCount: rows.filter(({ isInFile }) => isInFile).length, revision: createVersion() };
      await inChanges(kv, chunksByLength(rows).entries(), (change, [index, chunk]) => {
        change.set([...rowsPrefix(written), String(index).padStart(6, "0")], chunk);
      });
      while (true) {
        const old = await kv.get<StoredBatch>(["batch-plan", keyPart(batchId)]);
        if (await kv.atomic().check(old).set(old.key, written).commit() === undefined) continue;
        if (old.value !== null) await deleteRows(kv, { prefix: rowsPrefix(old.value) });
        return written;
      }
    },
    async attempts(batchId) {
      const entries = await Array.fromAsync(kv.list<AttemptRow>({ prefix: ["batch", batchId] }));
      const attempts = entries.map(({ key: [, , rowKey = "", attempt, submissionId = ""], value }): Attempt => {
        return { ...value, rowKey, attempt: Number(attempt), submissionId };
      });
      // On a server without slugs, only its record names a run.
      const unnamed = attempts.filter(({ slug, status }) => slug === null && hasOpenRun(status));
      const records = await kv.getMany<StoredSubmission>(
        unnamed.map(({ submissionId }) => ["submission", submissionId]),
      );
      const lost = new Set(unnamed.filter((_, index) => isDamaged(records[index]?.value ?? null)));
      return attempts.map((one) => lost.has(one) ? { ...one, ...LOST } : one).sort((a, b) => a.attempt - b.attempt);
    },
    wantedJobs: async (batchId) => (await kv.get<number>(["batch-jobs", keyPart(batchId)])).value,
    setWantedJobs: async (batchId, jobs) => void await kv.atomic().set(["batch-jobs", keyPart(batchId)], jobs).commit(),
    async takeRequests(owner, { count, perMinute, nowMs }) {
      while (true) {
        const old = await kv.get<{ readonly left: number; readonly atMs: number }>(["requests", ...ownerKey(owner)]);
        // Where the clock was ahead when it was written, a full one is no more than a minute away either.
        const aheadMs = old.value === null ? Infinity : old.value.atMs - nowMs;
        const elapsedMs = aheadMs > 60_000 ? Infinity : Math.max(0, -aheadMs);
        const left = Math.min(perMinute, (old.value?.left ?? 0) + elapsedMs * perMinute / 60_000);
        const missing = Math.min(count, perMinute) - left;
        if (missing > 0) return Math.ceil(missing * 60_000 / perMinute);
        // A list with more pages than a minute's requests leaves a debt.
        const change = kv.atomic().check(old).set(old.key, { left: left - count, atMs: nowMs });
        if (await change.commit() !== undefined) return 0;
      }
    },
  };
}

function rowsPrefix({ batchId, revision }: StoredBatch): StoreKey {
  return ["batch-rows", keyPart(batchId), revision];
}
