/** The rows of a submission: its body, in parts where it is larger than a value may be, and the index rows that lead to it. */

import type { Owner } from "../account.ts";
import type { AttemptRow } from "../batch.ts";
import { expected, orError, StorageError } from "../errors.ts";
import { isObject } from "../json.ts";
import { firstErrorOf, firstLine } from "../result.ts";
import { isBeingCancelled } from "../run.ts";
import {
  isAbandoned,
  isOpen,
  isRetry,
  isUnsent,
  runNameOf,
  runStatusOf,
  slugOf,
  type Submission,
} from "../submission.ts";
import { keyPart, type StoreKey, type StoreLimits } from "./backend.ts";
import type { AtomicChange, FoundEntry, Kv, StoreEntry } from "./kv.ts";

/** The value of a submission's row. */
export type StoredSubmission = Submission | {
  readonly revision: number;
  readonly parts: number;
  /** Of its index rows, to remove them without reading its parts. */
  readonly indexKeys: readonly StoreKey[];
};

/** The store could never hold it: unlike other storage errors, no reason to try again. */
export class SubmissionTooLarge extends StorageError {
  constructor(submissionId: string) {
    super(`Cannot store ${submissionId}: it is too large for the run store`, {
      hint: "Pass large inputs in a file that the workflow reads itself",
    });
  }
}

/** Of what a change may hold, for a new submission: the rest is for what its run adds. */
const INITIAL_SHARE = 0.6;
/** Room for the index rows and for what is written along. */
const MAX_SHARE = 0.9;
const MAX_TEXT_LENGTH = 500;

/**
 * The row of a submission, and those of its parts.
 *
 * @throws SubmissionTooLarge when it does not fit even without its longest texts.
 */
export function submissionRows(
  submission: Submission,
  { maxValueLength, maxChangeLength }: StoreLimits,
): readonly Pick<StoreEntry, "key" | "value">[] {
  const { submissionId: id, revision } = submission;
  const key = ["submission", id];
  const maxLength = maxChangeLength * (revision === 1 ? INITIAL_SHARE : MAX_SHARE);
  for (const form of formsOf(submission)) {
    const text = JSON.stringify(form);
    if (text.length <= Math.min(maxValueLength, maxLength)) return [{ key, value: form }];
    // A part is stored as a JSON text of its own, with its quotes escaped.
    if (text.length > maxLength || JSON.stringify(text).length > maxLength) continue;
    const partLength = Math.floor(maxValueLength / 2) - 2;
    const parts = Math.ceil(text.length / partLength);
    const head = { revision, parts, indexKeys: indexRows(submission).map(({ key }) => key) };
    const partAt = (index: number) => text.slice(index * partLength, (index + 1) * partLength);
    return [{ key, value: head }, ...partKeys(id, head).map((key, index) => ({ key, value: partAt(index) }))];
  }
  throw new SubmissionTooLarge(id);
}

/** Of all rows of a submission. */
export function submissionKeys(id: string, stored: StoredSubmission): readonly StoreKey[] {
  const others = "parts" in stored
    ? [...stored.indexKeys, ...partKeys(id, stored)]
    : indexRows(stored).map(({ key }) => key);
  return [["submission", id], ...others];
}

export function isIn(index: string, keys: readonly StoreKey[]): boolean {
  return keys.some(([name]) => name === index);
}

/** Each counter, and the index whose rows it counts. */
const COUNTERS = { all: "time", service: "service", suite: "suite" };

/** Counts a submission that has these rows. */
export function count(change: AtomicChange, keys: readonly StoreKey[], by: 1 | -1): void {
  for (const [name, index] of Object.entries(COUNTERS)) if (isIn(index, keys)) change.sum(["count", name], by);
}

/** The ids of calls of suites begin with it: they are stored beside batches. */
export const SESSION_PREFIX = "suite.";

/** Removes a submission that has these rows; but that of a batch states how its row has ended, which would seem to wait. */
export function removeRows(change: AtomicChange, keys: readonly StoreKey[]): void {
  const isRowOfBatch = ([index, batchId = ""]: StoreKey) => index === "batch" && !batchId.startsWith(SESSION_PREFIX);
  for (const key of keys) if (!isRowOfBatch(key)) change.delete(key);
  count(change, keys, -1);
}

function partKeys(
  id: string,
  { revision, parts }: { readonly revision: number; readonly parts: number },
): readonly StoreKey[] {
  return Array.from({ length: parts }, (_, index) => ["part", id, String(revision), String(index)]);
}

/** As it is, then shorter and shorter: a run whose end can't be stored would stay open forever. */
function* formsOf(submission: Submission): Generator<Submission, void> {
  yield submission;
  if (submission.state === "finished") {
    const { jobs, outputs, ...result } = submission.result;
    const short: typeof result = JSON.parse(JSON.stringify(result), (_name, value) => shortened(value));
    yield { ...submission, result: { ...short, ...(jobs && { jobs }), ...(outputs && { outputs }) } };
    yield { ...submission, result: short };
  }
  // The rest of a run's detail can be requested again.
  if (submission.state === "active") yield { ...submission, run: { ...submission.run, ...NO_DETAILS } };
}

/** Left out when JSON is made of it. */
const NO_DETAILS = { jobs: undefined, inputs: undefined, links: undefined, outputs: undefined };

/** A text of at most 500 characters, with an ellipsis where it was longer; other values as they are. */
export function shortened<T>(value: T): T | string {
  return typeof value === "string" && value.length > MAX_TEXT_LENGTH ? `${value.slice(0, MAX_TEXT_LENGTH)}…` : value;
}

/** Reports damaged records. */
export interface RecordedKv extends Kv {
  readonly onSetAside: ((message: string) => void) | undefined;
}

/** Those that exist, in the order asked for. */
export async function readAll(kv: RecordedKv, ids: readonly string[]): Promise<Submission[]> {
  const heads = await kv.getMany<StoredSubmission>(ids.map((id) => ["submission", id]));
  const found = await Promise.all(heads.map((head) => readBody(kv, head)));
  return found.filter((submission) => submission !== undefined);
}

async function readBody(kv: RecordedKv, head: FoundEntry<StoredSubmission>): Promise<Submission | undefined> {
  const { key, value, versionstamp } = head;
  if (value === null) return undefined;
  if (isDamaged(value)) return await setAside(kv, head);
  if (!("parts" in value)) return value;
  const parts = await kv.getMany<string>(partKeys(key.at(-1) ?? "", value));
  const body = orError(SyntaxError, () => JSON.parse(parts.map((part) => part.value ?? "").join("")));
  if (!(body instanceof SyntaxError) && parts.every((part) => part.value !== null)) return body;
  const again = await kv.get<StoredSubmission>(key);
  // It was being rewritten.
  if (again.versionstamp !== versionstamp) return await readBody(kv, again);
  return await setAside(kv, head);
}

export function isDamaged(stored: StoredSubmission | null): boolean {
  if (!isObject(stored) || typeof stored.revision !== "number") return true;
  if ("parts" in stored) return typeof stored.parts !== "number" || !Array.isArray(stored.indexKeys);
  return typeof stored.submissionId !== "string" || typeof stored.state !== "string" || !isObject(stored.request);
}

/** Moves a damaged record to where nothing reads it. Its index rows stay, and find nothing; but it is not open any more. */
async function setAside(kv: RecordedKv, head: FoundEntry<StoredSubmission>): Promise<undefined> {
  const id = head.key.at(-1) ?? "";
  const what = `The record of submission ${id} in the run store is damaged`;
  const change = kv.atomic().check(head).set(["damaged", id], head.value).delete(head.key);
  for await (const { key } of kv.list({ prefix: ["open"] })) if (key.at(-1) === id) change.delete(key);
  const written = await change.commit().catch(expected(StorageError));
  if (written instanceof StorageError) kv.onSetAside?.(`${what}, and is left out`);
  else if (written !== undefined) kv.onSetAside?.(`${what}: it was set aside as damaged/${id}`);
}

/** Whose submissions: those of the command line, of the service, or of the suites that the service runs. */
export type SubmissionScope = "local" | "service" | "suite";

/** The value of an open submission's row: what a tick decides by without reading its body. */
export interface OpenRow {
  /** `starting`: no run is known yet; `abandoned`: none is searched for any more. */
  readonly state: "starting" | "running" | "canceling" | "abandoned";
  /** `null` unless a schedule created it. */
  readonly occurrence: {
    readonly schedule: string;
    readonly scheduledAtMs: number;
    readonly isDeadlineReported: boolean;
    /** Present if it runs a suite, which is no run to be polled. */
    readonly isSuite?: true;
  } | null;
}

/** Whether ticks still do something about it. */
export function isTracked({ state }: OpenRow): boolean {
  return state !== "abandoned";
}

/** Of each index: a submission's place in it, below the index's name and above its own id; `null`: it has none. */
function placesOf(submission: Submission): Readonly<Record<string, readonly string[] | null>> {
  const { origin, owner, request } = submission;
  const created = timeKey(submission.createdAtMs);
  const scope = scopeOf(submission);
  const name = runNameOf(submission);
  const isUnreported = origin.type === "schedule" && !origin.isReported;
  const hasFailed = scope === "service" && FAILURES.includes(endOf(submission));
  return {
    time: [created],
    owner: [...ownerKey(owner), created],
    workflow: [keyPart(request.workflow), created],
    slug: name === null ? null : [keyPart(name), created],
    open: isOpen(submission) ? [scope, created] : null,
    service: scope === "service" ? [created] : null,
    suite: scope === "suite" ? [created] : null,
    failed: FAILURES.includes(runStatusOf(submission)) ? [created] : null,
    failure: hasFailed ? [timeKey(submission.updatedAtMs)] : null,
    schedule: origin.type === "schedule" ? [keyPart(origin.schedule), timeKey(origin.scheduledAtMs)] : null,
    batch: "batchId" in origin ? [origin.batchId, origin.rowKey, String(origin.attempt).padStart(4, "0")] : null,
    unreported: isUnreported && (!isOpen(submission) || isAbandoned(submission)) ? [created] : null,
  };
}

export function ownerKey({ host, user }: Owner): readonly string[] {
  return [keyPart(host), keyPart(user)];
}

export function openRowOf(submission: Submission): OpenRow {
  const { origin } = submission;
  const isRunning = submission.state === "active";
  const state = isRunning && isBeingCancelled(submission.run) ? "canceling" : "running";
  return {
    state: isRunning ? state : isAbandoned(submission) ? "abandoned" : "starting",
    occurrence: origin.type !== "schedule" ? null : {
      schedule: origin.schedule,
      scheduledAtMs: origin.scheduledAtMs,
      isDeadlineReported: origin.isDeadlineReported,
      ...(origin.suite && { isSuite: true }),
    },
  };
}

export function attemptRowOf(submission: Submission): AttemptRow {
  const { origin } = submission;
  const hash = "workflowHash" in origin && { workflowHash: origin.workflowHash };
  const facts = { slug: slugOf(submission), isRetry: isRetry(submission), ...hash };
  const open = { ...facts, startedAtMs: null, seconds: null, error: null, kind: null };
  if (submission.state === "pending") return { ...open, status: isUnsent(submission) ? "waiting" : "submitting" };
  if (submission.state === "unconfirmed") {
    return { ...open, status: isAbandoned(submission) ? "unknown" : "submitting" };
  }
  if (submission.state === "active") {
    const status = isBeingCancelled(submission.run) ? "cancelling" : "running";
    return { ...open, status, startedAtMs: submission.startedAtMs };
  }
  if (submission.state === "rejected") {
    return { ...open, status: "rejected", error: firstLine(submission.message), kind: submission.kind };
  }
  const { status, startedAt, durationSeconds: seconds, kind } = submission.result;
  const startedAtMs = Date.parse(startedAt ?? "");
  const start = Number.isFinite(startedAtMs) ? startedAtMs : null;
  return { ...facts, status, startedAtMs: start, seconds, error: firstErrorOf(submission.result), kind };
}

/** All rows that lead to a submission; the value of most is `null`. */
export function indexRows(submission: Submission): readonly Pick<StoreEntry, "key" | "value">[] {
  return Object.entries(placesOf(submission)).flatMap(([name, place]) => {
    if (place === null) return [];
    const value = name === "open" ? openRowOf(submission) : name === "batch" ? attemptRowOf(submission) : null;
    return [{ key: [name, ...place, submission.submissionId], value }];
  });
}

export function scopeOf({ origin: { type } }: Submission): SubmissionScope {
  if (type === "schedule" || type === "http") return "service";
  return type === "scheduled-suite" ? "suite" : "local";
}

const FAILURES: readonly (string | null | undefined)[] = ["failed", "rejected"];

/** How it ended: its result's status, `rejected`, or what a schedule did not run; `null` while it is open. */
export function endOf(submission: Submission): string | null {
  if (submission.state === "finished") return submission.result.status;
  if (submission.state !== "rejected") return null;
  return submission.kind === "skipped" || submission.kind === "missed" ? submission.kind : "rejected";
}

/** Padded, so that the order of keys is that of time. */
export function timeKey(instantMs: number): string {
  return String(Math.max(0, Math.floor(instantMs))).padStart(15, "0");
}
