/** The run store's indexes: which rows lead to a submission. */

import type { Owner } from "../account.ts";
import type { RowStatus } from "../batch.ts";
import type { Run } from "../run.ts";
import { firstErrorOf, firstLine } from "../result.ts";
import { keyPart } from "./key.ts";
import type { StoreEntry } from "./kv.ts";
import { isAbandoned, isOpen, isRetry, slugOf, type Submission } from "../submission.ts";

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

/** The value of an attempt's row: what lists of a batch show. */
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
}

/** Each index: a submission's place in it, below the index's name and above its own id; `null`: it does not. */
const INDEXES: Readonly<Record<string, (submission: Submission) => readonly string[] | null>> = {
  time: ({ createdAtMs }) => [timeKey(createdAtMs)],
  owner: ({ owner, createdAtMs }) => [...ownerKey(owner), timeKey(createdAtMs)],
  workflow: ({ request: { workflow }, createdAtMs }) => [keyPart(workflow), timeKey(createdAtMs)],
  slug: (submission) => {
    const slug = slugOf(submission);
    return slug === null ? null : [keyPart(slug), timeKey(submission.createdAtMs)];
  },
  open: (submission) => isOpen(submission) ? [scopeOf(submission), timeKey(submission.createdAtMs)] : null,
  service: (submission) => scopeOf(submission) === "service" ? [timeKey(submission.createdAtMs)] : null,
  suite: (submission) => scopeOf(submission) === "suite" ? [timeKey(submission.createdAtMs)] : null,
  failed: (submission) => hasFailed(submission) ? [timeKey(submission.createdAtMs)] : null,
  failure: (submission) =>
    scopeOf(submission) === "service" && hasFailed(submission) ? [timeKey(submission.updatedAtMs)] : null,
  schedule: ({ origin }) =>
    origin.type === "schedule" ? [keyPart(origin.schedule), timeKey(origin.scheduledAtMs)] : null,
  batch: ({ origin }) =>
    "batchId" in origin ? [origin.batchId, origin.rowKey, String(origin.attempt).padStart(4, "0")] : null,
  unreported: (submission) => {
    const { origin, createdAtMs } = submission;
    const isUnreported = origin.type === "schedule" && !origin.isReported;
    return isUnreported && (!isOpen(submission) || isAbandoned(submission)) ? [timeKey(createdAtMs)] : null;
  },
};

export function ownerKey({ host, user }: Owner): readonly string[] {
  return [keyPart(host), keyPart(user)];
}

export function openRowOf(submission: Submission): OpenRow {
  const { origin } = submission;
  const isRunning = submission.state === "active";
  const state = isRunning && submission.run.platformStatus === "canceling" ? "canceling" : "running";
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
  const facts = { slug: slugOf(submission), isRetry: isRetry(submission) };
  const open = { ...facts, startedAtMs: null, seconds: null, error: null, kind: null };
  switch (submission.state) {
    case "pending":
      return { ...open, status: "waiting" };
    case "unconfirmed":
      return { ...open, status: isAbandoned(submission) ? "unknown" : "submitting" };
    case "active":
      return {
        ...open,
        status: isBeingCancelled(submission.run) ? "cancelling" : "running",
        startedAtMs: submission.startedAtMs,
      };
    case "finished": {
      const { status, startedAt, durationSeconds: seconds, kind } = submission.result;
      const startedAtMs = Date.parse(startedAt ?? "");
      return {
        ...facts,
        status,
        startedAtMs: Number.isFinite(startedAtMs) ? startedAtMs : null,
        seconds,
        error: firstErrorOf(submission.result),
        kind,
      };
    }
    case "rejected":
      return { ...open, status: "rejected", error: firstLine(submission.message), kind: submission.kind };
  }
}

/** Also if it has been cancelled, and only its result is not stored yet. */
function isBeingCancelled({ status, platformStatus }: Run): boolean {
  return platformStatus === "canceling" || status === "cancelled";
}

/** All rows that lead to a submission; the value of most is `null`. */
export function indexRows(submission: Submission): readonly Pick<StoreEntry, "key" | "value">[] {
  return Object.entries(INDEXES).flatMap(([name, placeOf]) => {
    const place = placeOf(submission);
    if (place === null) return [];
    const value = name === "open" ? openRowOf(submission) : name === "batch" ? attemptRowOf(submission) : null;
    return [{ key: [name, ...place, submission.submissionId], value }];
  });
}

export function scopeOf({ origin: { type } }: Submission): SubmissionScope {
  if (type === "schedule" || type === "http") return "service";
  return type === "scheduled-suite" ? "suite" : "local";
}

function hasFailed(submission: Submission): boolean {
  return submission.state === "rejected" ||
    (submission.state === "finished" && submission.result.status === "failed");
}

/** Padded, so that the order of keys is that of time. */
export function timeKey(instantMs: number): string {
  return String(Math.max(0, Math.floor(instantMs))).padStart(15, "0");
}
