/** The run store's indexes: which rows lead to a submission. */

import type { Owner } from "../account.ts";
import type { RowStatus } from "../batch.ts";
import { firstErrorOf, firstLine } from "../result.ts";
import { keyPart } from "./key.ts";
import { isAbandoned, isOpen, isRetry, type Origin, slugOf, type Submission } from "../submission.ts";

/** Whose submissions: those of the command line, of the service, or of the suites that the service runs. */
export type SubmissionScope = "local" | "service" | "suite";

/** What index rows are made of: all that has to be known of a submission to remove them again. */
export interface IndexFacts {
  readonly id: string;
  readonly owner: Owner;
  readonly workflow: string;
  readonly slug: string | null;
  readonly createdAtMs: number;
  readonly scope: SubmissionScope;
  readonly isOpen: boolean;
  /** When it failed or was rejected; `null` when it did not. */
  readonly failedAtMs: number | null;
  readonly schedule: { readonly name: string; readonly scheduledAtMs: number; readonly isUnreported: boolean } | null;
  /** Absent unless it belongs to a batch or a suite. */
  readonly batch?: { readonly batchId: string; readonly rowKey: string; readonly attempt: number };
}

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
const INDEXES: Readonly<Record<string, (facts: IndexFacts) => readonly string[] | null>> = {
  time: ({ createdAtMs }) => [timeKey(createdAtMs)],
  owner: ({ owner, createdAtMs }) => [...ownerKey(owner), timeKey(createdAtMs)],
  workflow: ({ workflow, createdAtMs }) => [keyPart(workflow), timeKey(createdAtMs)],
  slug: ({ slug, createdAtMs }) => slug === null ? null : [keyPart(slug), timeKey(createdAtMs)],
  open: ({ isOpen, scope, createdAtMs }) => isOpen ? [scope, timeKey(createdAtMs)] : null,
  service: ({ scope, createdAtMs }) => scope === "service" ? [timeKey(createdAtMs)] : null,
  suite: ({ scope, createdAtMs }) => scope === "suite" ? [timeKey(createdAtMs)] : null,
  failed: ({ failedAtMs, createdAtMs }) => failedAtMs === null ? null : [timeKey(createdAtMs)],
  failure: ({ scope, failedAtMs }) => scope === "service" && failedAtMs !== null ? [timeKey(failedAtMs)] : null,
  schedule: ({ schedule }) => schedule === null ? null : [keyPart(schedule.name), timeKey(schedule.scheduledAtMs)],
  batch: ({ batch }) =>
    batch === undefined ? null : [batch.batchId, batch.rowKey, String(batch.attempt).padStart(4, "0")],
  unreported: ({ schedule, createdAtMs }) => schedule?.isUnreported ? [timeKey(createdAtMs)] : null,
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
      return { ...open, status: "running", startedAtMs: submission.startedAtMs };
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

export function indexKeys(facts: IndexFacts): (readonly string[])[] {
  return Object.entries(INDEXES).flatMap(([name, placeOf]) => {
    const place = placeOf(facts);
    return place === null ? [] : [[name, ...place, facts.id]];
  });
}

export function indexFactsOf(submission: Submission): IndexFacts {
  const { submissionId: id, owner, request: { workflow }, createdAtMs, updatedAtMs, origin } = submission;
  const hasFailed = submission.state === "rejected" ||
    (submission.state === "finished" && submission.result.status === "failed");
  const isEnded = !isOpen(submission);
  return {
    id,
    owner,
    workflow,
    slug: slugOf(submission),
    createdAtMs,
    scope: scopeOf(origin),
    isOpen: !isEnded,
    failedAtMs: hasFailed ? updatedAtMs : null,
    schedule: origin.type !== "schedule" ? null : {
      name: origin.schedule,
      scheduledAtMs: origin.scheduledAtMs,
      isUnreported: !origin.isReported && (isEnded || isAbandoned(submission)),
    },
    ...("batchId" in origin && {
      batch: { batchId: origin.batchId, rowKey: origin.rowKey, attempt: origin.attempt },
    }),
  };
}

function scopeOf({ type }: Origin): SubmissionScope {
  if (type === "schedule" || type === "http") return "service";
  return type === "scheduled-suite" ? "suite" : "local";
}

/** Padded, so that the order of keys is that of time. */
export function timeKey(instantMs: number): string {
  return String(Math.max(0, Math.floor(instantMs))).padStart(15, "0");
}
